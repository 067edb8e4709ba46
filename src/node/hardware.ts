import type { Logger } from 'pino';
import type { InferenceConfig } from '../config/index.js';
import type { HardwareInfo } from '../rpc/index.js';
import {
  describeHardware,
  type GpuChoice,
  type Hardware,
  inspectHardware,
  type ResolvedDevice,
  resolveDevice,
} from '../workers/index.js';

/** The machine, and where on it the devices of a configuration are. */
export interface FoundDevices {
  readonly hardware: Hardware;
  /** By the labels of the configuration; labels of one and the same GPU share an entry. */
  readonly places: ReadonlyMap<string, ResolvedDevice>;
}

/**
 * Looks at the machine once, tells the log what there is, and finds every device that models are configured for.
 * @throws AtomaError `device_not_found`, `backend_unavailable`.
 */
export async function findDevices(
  { models }: Pick<InferenceConfig, 'models'>,
  choice: GpuChoice,
  logger: Logger,
): Promise<FoundDevices> {
  const labels = new Set(models.flatMap(({ devices }) => devices));
  const needsGpu = choice !== 'auto' || [...labels].some((label) => label !== 'cpu');
  const hardware = await inspectHardware(needsGpu ? choice : 'cpu');
  logger.info(hardwareInfo(hardware), describeHardware(hardware));
  const places = new Map<string, ResolvedDevice>();
  for (const label of labels) {
    const place = resolveDevice(label, hardware, choice);
    if (place.warning !== undefined) logger.warn({ device: label }, place.warning);
    places.set(label, [...places.values()].find((known) => isSame(known, place)) ?? place);
  }
  return { hardware, places };
}

/** Whether two labels name the same GPU or part of one. */
function isSame(one: ResolvedDevice, other: ResolvedDevice): boolean {
  const name = 'CUDA_VISIBLE_DEVICES';
  if (one.found === undefined) return one.device === other.device;
  return one.found === other.found && one.visible[name] === other.visible[name];
}

/** What `atoma_nodeInfo` shows of the machine. */
export function hardwareInfo({ gpus, gpu, cpu, memory }: Hardware): HardwareInfo {
  return {
    gpu: gpu === false ? undefined : gpu,
    gpus: gpus.map(({ index, uuid, name, memoryBytes, freeBytes, driver }) => ({
      index,
      uuid,
      name,
      memoryBytes,
      freeBytes,
      driver,
    })),
    cpu,
    memory,
  };
}
