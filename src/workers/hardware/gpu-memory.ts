import type { Gpu } from './hardware.js';
import { askNvidia } from './nvidia-smi.js';

/** Younger news are not asked for: the driver's tool is a process of its own, of some tens of ms. */
const MAX_AGE_MS = 5000;
/** A driver that hangs is not asked again meanwhile. */
const TIMEOUT_MS = 10_000;
/** Older news are none; who asks once a minute still gets the answer to the time before. */
const FORGET_AFTER_MS = 150_000;

/** Memory of a GPU, whoever uses it. */
export interface GpuMemory {
  readonly usedBytes: number;
  readonly freeBytes: number;
}

interface Modules {
  /** ms, of a clock that only goes forward. */
  readonly now: () => number;
  readonly list: () => Promise<readonly Gpu[]>;
}

const SYSTEM: Modules = {
  now: () => performance.now(),
  list: async () => (await askNvidia(TIMEOUT_MS, process.env)).gpus,
};

/**
 * How full GPUs are, by NVIDIA's tool: who asks gets what is known and, where that is old, has the tool asked for the
 * next time. So nobody waits for a driver, and it is left alone where nobody asks.
 */
export class GpuMemoryWatch {
  readonly #modules: Modules;
  #gpus: readonly Gpu[] = [];
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #heardAtMs = Number.NEGATIVE_INFINITY;
  #isAsking = false;

  constructor(modules: Modules = SYSTEM) {
    this.#modules = modules;
  }

  /** undefined where nothing recent is known of it (yet). */
  of({ uuid, index }: Pick<Gpu, 'uuid' | 'index'>): GpuMemory | undefined {
    const now = this.#modules.now();
    if (now - this.#askedAtMs > MAX_AGE_MS) this.#ask(now);
    if (now - this.#heardAtMs > FORGET_AFTER_MS) return undefined;
    const gpu = this.#gpus.find((one) => (uuid === undefined ? one.index === index : one.uuid === uuid));
    if (gpu?.memoryBytes === undefined || gpu.freeBytes === undefined) return undefined;
    return { usedBytes: gpu.memoryBytes - gpu.freeBytes, freeBytes: gpu.freeBytes };
  }

  #ask(now: number): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#askedAtMs = now;
    void this.#modules
      .list()
      .then((gpus) => {
        this.#gpus = gpus;
        this.#heardAtMs = this.#modules.now();
      })
      // What does not answer is not known, which is all that is said of it.
      .catch(() => undefined)
      .finally(() => {
        this.#isAsking = false;
      });
  }
}
