import type { GpuBackend } from '../protocol.js';

/** What `--gpu` may ask for: `auto` takes the best there is, `cpu` leaves GPUs alone. */
export const GPU_CHOICES = ['auto', 'cuda', 'vulkan', 'metal', 'cpu'] as const;

export type GpuChoice = (typeof GPU_CHOICES)[number];

/** A part of an NVIDIA GPU that CUDA sees as a device of its own. */
export interface MigDevice {
  /** `MIG-…`. */
  readonly uuid: string;
  /** Its profile: `3g.20gb`. */
  readonly name: string;
}

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
  /** Where it stands among Vulkan's physical devices; undefined where Vulkan was not asked or has it not. */
  readonly vulkanIndex: number | undefined;
  /** The parts that it is divided into; of a divided GPU, CUDA reaches the parts alone. */
  readonly mig: readonly MigDevice[];
}

/** Whether something loads here; where not, why, as the end of a sentence. */
export type EngineState = { readonly works: true } | { readonly works: false; readonly why: string };

/** A build of llama.cpp for GPUs that was tried. */
export interface GpuBuild {
  readonly gpu: GpuBackend;
  readonly state: EngineState;
}

/** What there is to run models on, and what of it works. */
export interface Hardware {
  readonly gpus: readonly Gpu[];
  /** What llama.cpp reaches the GPUs through; false where it reaches none, or was not to. */
  readonly gpu: GpuBackend | false;
  /** Those that were tried, in order of preference; none for the choice `cpu`. */
  readonly builds: readonly GpuBuild[];
  /** Why the driver's own tool, which is there, did not list its GPUs. */
  readonly driverFault: string | undefined;
  /** Whether llama.cpp's native addon loads at all, on the CPU. */
  readonly llama: EngineState;
  /** The same of ONNX Runtime's native addon. */
  readonly onnx: EngineState;
  readonly cpu: { readonly model: string; readonly cores: number };
  readonly memory: SystemMemory;
}

/** RAM as this process may use it: of a container with a limit, the limit counts. */
export interface SystemMemory {
  readonly totalBytes: number;
  readonly freeBytes: number;
}
