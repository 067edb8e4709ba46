import { AtomaError } from '../../core/index.js';
import type { GpuBackend } from '../protocol.js';
import { describeGpus } from './describe.js';
import type { Gpu, GpuChoice, Hardware, MigDevice } from './hardware.js';
import { HIDDEN, showing } from './visible-devices.js';

/** A device of the configuration, found on this machine. */
export interface ResolvedDevice {
  /** The label; `cpu` for every label where the run is to leave GPUs alone. */
  readonly device: string;
  /** What llama.cpp is to use there; false is the CPU. */
  readonly gpu: GpuBackend | false;
  /** For the environment of its process, before that starts. */
  readonly visible: Readonly<Record<string, string>>;
  /** The GPU that the label names; undefined for the CPU, and where there is none. */
  readonly found: Gpu | undefined;
  /** Why it is the CPU although the label names a GPU, and what to do: a sentence for the log. */
  readonly warning: string | undefined;
}

/**
 * Finds the device that a label names: `cpu`, the index of a GPU, or the UUID of one or of a part of one (MIG),
 * whole or its first digits. Without a GPU that llama.cpp can use, the choice `auto` falls back to the CPU.
 * @throws AtomaError `device_not_found` listing what there is; `backend_unavailable` where the choice names a
 * build that does not work here.
 */
export function resolveDevice(label: string, hardware: Hardware, choice: GpuChoice): ResolvedDevice {
  checkChoice(hardware, choice);
  const cpu: ResolvedDevice = {
    device: 'cpu',
    gpu: false,
    visible: HIDDEN,
    found: undefined,
    warning: undefined,
  };
  if (choice === 'cpu' || label === 'cpu') return cpu;
  const isIndex = /^\d+$/.test(label);
  if (isIndex && hardware.gpus.length === 0) {
    return { ...cpu, device: label, warning: noGpuWarning(label, hardware) };
  }
  const place = isIndex ? findByIndex(Number(label), hardware) : findByUuid(label, hardware);
  const visible = showing(place.part?.uuid ?? cudaName(place.gpu), place.gpu.vulkanIndex);
  const fault = faultOf(place.gpu, hardware);
  if (fault !== undefined && choice !== 'auto') {
    throw new AtomaError('backend_unavailable', `device ${label} (${place.gpu.name}): ${fault}`, {
      fields: { device: label, gpu: choice },
    });
  }
  return {
    device: label,
    gpu: fault === undefined ? hardware.gpu : false,
    visible,
    found: place.gpu,
    warning: fault && `device ${label} (${place.gpu.name}): ${fault}, so its models run on the CPU`,
  };
}

/** @throws AtomaError `backend_unavailable` saying what there is instead. */
function checkChoice({ gpu, builds, gpus }: Hardware, choice: GpuChoice): void {
  if (choice === 'auto' || choice === 'cpu' || choice === gpu) return;
  const state = builds.find((build) => build.gpu === choice)?.state;
  const why = state?.works === false ? state.why : 'it was not tried';
  const others = builds.filter((build) => build.state.works).map((build) => build.gpu);
  const there = [...others, 'cpu'].join(' and ');
  throw new AtomaError(
    'backend_unavailable',
    `llama.cpp's build for ${choice} cannot be used here: ${why}. What works here: ${there}. ${describeGpus(gpus)}`,
    { fields: { gpu: choice, available: [...others, 'cpu'] } },
  );
}

interface Place {
  readonly gpu: Gpu;
  readonly part?: MigDevice;
}

function findByIndex(index: number, { gpus }: Hardware): Place {
  const gpu = gpus.find((known) => known.index === index);
  if (gpu === undefined) throw notFound(String(index), `there is no GPU ${index}`, gpus);
  if (gpu.mig.length > 0) {
    throw notFound(String(index), `GPU ${index} is divided (MIG): name one of its parts by its UUID`, gpus);
  }
  return { gpu };
}

function findByUuid(label: string, { gpus }: Hardware): Place {
  const prefix = label.toLowerCase();
  const places = gpus.flatMap((gpu): Place[] => [{ gpu }, ...gpu.mig.map((part) => ({ gpu, part }))]);
  const [place, another] = places.filter(({ gpu, part }) =>
    (part ?? gpu).uuid?.toLowerCase().startsWith(prefix),
  );
  if (place === undefined) throw notFound(label, `no GPU has the UUID ${label}`, gpus);
  if (another !== undefined)
    throw notFound(label, `more than one GPU has a UUID that starts with ${label}`, gpus);
  if (place.part === undefined && place.gpu.mig.length > 0) {
    throw notFound(label, `the GPU ${label} is divided (MIG): name one of its parts by its UUID`, gpus);
  }
  return place;
}

/** How CUDA_VISIBLE_DEVICES names a GPU: one without a driver's UUID or version is none of NVIDIA's. */
function cudaName({ uuid, index, vulkanIndex }: Gpu): string | number | undefined {
  return uuid ?? (vulkanIndex === undefined ? index : undefined);
}

/** Why llama.cpp cannot use a GPU that is there; undefined where it can. */
function faultOf(gpu: Gpu, { gpu: backend, builds }: Hardware): string | undefined {
  if (backend === 'vulkan' && gpu.vulkanIndex === undefined) return 'Vulkan does not list this GPU';
  if (backend !== false) return undefined;
  const whys = builds.map(({ gpu: build, state }) => (state.works ? '' : `${build}: ${state.why}`));
  return `no build of llama.cpp for GPUs works here (${whys.join('; ')})`;
}

function noGpuWarning(label: string, { driverFault }: Hardware): string {
  const why =
    driverFault === undefined ? 'no GPU was found' : `nvidia-smi does not list the GPUs (${driverFault})`;
  return (
    `device ${label}: ${why}, so its models run on the CPU. ` +
    'If there is a GPU, install its driver (nvidia-smi has to list it, or a Vulkan driver); else write device = "cpu"'
  );
}

function notFound(label: string, problem: string, gpus: readonly Gpu[]): AtomaError {
  return new AtomaError('device_not_found', `device ${label}: ${problem}. ${describeGpus(gpus)}`, {
    fields: { device: label, gpus: gpus.map(({ index, uuid, name }) => ({ index, uuid, name })) },
  });
}
