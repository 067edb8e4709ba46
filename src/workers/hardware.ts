import type { GpuBackend } from './protocol.js';

/** What `--gpu` may ask for: `auto` takes the best there is, `cpu` leaves GPUs alone. */
export type GpuChoice = 'auto' | GpuBackend | 'cpu';

/** A GPU that this machine has. */
export interface Gpu {
  /** As its driver counts: what `device = 0` means. */
  readonly index: number;
  /** `GPU-…`, where the driver gives one. */
  readonly uuid: string | undefined;
  readonly name: string;
  readonly memoryBytes: number | undefined;
  readonly freeBytes: number | undefined;
  /** Version of the driver. */
  readonly driver: string | undefined;
}

/** What there is to run models on, and what of it works. */
export interface Hardware {
  readonly gpus: readonly Gpu[];
  /** What llama.cpp reaches the GPUs through; false where it reaches none. */
  readonly gpu: GpuBackend | false;
  /** Whether llama.cpp's native addon loads at all, on whatever device; where not, why. */
  readonly llama: EngineState;
  /** The same of ONNX Runtime's native addon. */
  readonly onnx: EngineState;
  readonly cpu: { readonly model: string; readonly cores: number };
  readonly memory: { readonly totalBytes: number; readonly freeBytes: number };
}

export type EngineState = { readonly works: true } | { readonly works: false; readonly why: string };
