import type { Logger } from 'pino';
import type { HardwareInfo } from '../rpc/index.js';
import {
  describeHardware,
  type GpuChoice,
  type GpuMemory,
  GpuMemoryWatch,
  type Hardware,
  inspectHardware,
  type ResolvedDevice,
  resolveDevice,
} from '../workers/index.js';

/** The machine, as the node sees it: looked at for the first models, and once more for the first one on a GPU. */
export class Machine {
  readonly #choice: GpuChoice;
  readonly #logger: Logger;
  readonly #looks = new Map<GpuChoice, Promise<Hardware>>();
  readonly #places: ResolvedDevice[] = [];
  readonly #gpuMemory = new GpuMemoryWatch();
  #seen: Hardware | undefined;

  constructor(options: { readonly choice: GpuChoice }, modules: { readonly logger: Logger }) {
    this.#choice = options.choice;
    this.#logger = modules.logger;
  }

  /** What was seen last; undefined before the first look. */
  get seen(): Hardware | undefined {
    return this.#seen;
  }

  /** Looks at what these labels need, and tells the log what there is. */
  look(labels: readonly string[]): Promise<Hardware> {
    const needsGpu = this.#choice !== 'auto' || labels.some((label) => label !== 'cpu');
    const choice = needsGpu ? this.#choice : 'cpu';
    // A look at the GPUs sees the CPU, too.
    const known = this.#looks.get(this.#choice) ?? this.#looks.get(choice);
    if (known !== undefined) return known;
    const look = this.#inspect(choice);
    this.#looks.set(choice, look);
    return look;
  }

  /**
   * The device that a label names; labels of one and the same GPU share an entry.
   * @throws AtomaError `device_not_found`, `backend_unavailable`
   */
  find(label: string, hardware: Hardware): ResolvedDevice {
    const place = resolveDevice(label, hardware, this.#choice);
    const known = this.#places.find((other) => isSame(other, place));
    if (known !== undefined) return known;
    if (place.warning !== undefined) this.#logger.warn({ device: label }, place.warning);
    this.#places.push(place);
    return place;
  }

  /** Of the GPU of a device that was found; undefined for the CPU, and where the driver does not tell. */
  gpuMemory(label: string): GpuMemory | undefined {
    const place = this.#places.find(({ device }) => device === label);
    // Of a part of a GPU the driver's list tells nothing.
    if (place?.found === undefined || place.found.mig.length > 0) return undefined;
    return this.#gpuMemory.of(place.found);
  }

  async #inspect(choice: GpuChoice): Promise<Hardware> {
    const hardware = await inspectHardware(choice);
    // A look for the CPU alone, that ends after one at the GPUs, knows less.
    if (this.#seen === undefined || choice === this.#choice) this.#seen = hardware;
    this.#logger.info(hardwareInfo(hardware), describeHardware(hardware));
    return hardware;
  }
}

/** Whether two labels name the same GPU or part of one. */
function isSame(one: ResolvedDevice, other: ResolvedDevice): boolean {
  const name = 'CUDA_VISIBLE_DEVICES';
  if (one.found === undefined || other.found === undefined) return one.device === other.device;
  return one.found.index === other.found.index && one.visible[name] === other.visible[name];
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
