import type {
  Backend,
  Completion,
  ErrorData,
  Job,
  ModelInfo,
  ModelSource,
  ModelWeights,
  NumericProfile,
  TokenLogprob,
} from '../core/index.js';

import type { DeterminismFinding } from './determinism/finding.js';

/**
 * Every message between the main process, a device process and the worker threads in it. All of them are
 * plain data: classes and functions do not survive the way.
 */

/** A model to load, with every choice made. */
export interface ModelSpec {
  readonly name: string;
  readonly weights: ModelWeights;
  readonly source: ModelSource | undefined;
  readonly backend: Backend;
  /** See {@link ModelInfo.backendReason}. */
  readonly backendReason: string;
  readonly useFlashAttention: boolean;
  /** What is undefined is chosen by the device process, which knows the hardware. */
  readonly workers: number | undefined;
  readonly sequences: number | undefined;
  /** Tokens a sequence can hold. */
  readonly contextSize: number | undefined;
  readonly batchSize: number | undefined;
  readonly threads: number | undefined;
  readonly batching?: Batching;
}

/**
 * How prompts that run at once come into llama.cpp's batches. `separate`, which is the default: each piece of a prompt
 * in a batch of its own, see separate-batches.ts. `mixed`: as node-llama-cpp does by itself, which cuts prompts by
 * what else runs; for measurements.
 */
export type Batching = 'separate' | 'mixed';

/** What llama.cpp reaches a GPU through. */
export type GpuBackend = 'cuda' | 'vulkan' | 'metal';

/** A device, to which models come and from which they go while its process runs. */
export interface DeviceSpec {
  /** The label by which it is known: `cpu`, a GPU's index, or its UUID as the configuration names it. */
  readonly device: string;
  /** What llama.cpp is to use in this process; false is the CPU alone. */
  readonly gpu: GpuBackend | false;
  /** Goes into the process's environment before it starts, so that it sees its own GPU alone. */
  readonly visible: Readonly<Record<string, string>>;
}

/**
 * Main process → device process: `start` once and first, answered by `ready`; each `load` by `loaded` or
 * `load_failed`; each `unload` by `unloaded`, when the memory was given back. A model is loaded when no other
 * one is being loaded, and unloaded when no job of it runs.
 */
export type ToDevice =
  | { readonly type: 'start'; readonly spec: DeviceSpec; readonly heartbeatIntervalMs: number }
  | { readonly type: 'load'; readonly model: ModelSpec }
  | { readonly type: 'unload'; readonly model: string }
  | { readonly type: 'run'; readonly job: number; readonly work: Work }
  | { readonly type: 'cancel'; readonly job: number };

/** What a job is about, as it travels. */
export type Work = Omit<Job, 'id'>;

/** Job number, index of the first token, text, token ids, and what {@link TokenFrame.logprobs} has: a frame as it travels. */
export type WireFrame = readonly [
  job: number,
  index: number,
  text: string,
  tokens: readonly number[],
  logprobs?: readonly TokenLogprob[],
];

/** What a worker does, as of the last turn of its event loop in its heartbeat's rhythm. */
export interface WorkerPulse {
  /** The model it holds. */
  readonly model: string;
  /** Grows while its event loop turns. */
  readonly ticks: number;
  /** Jobs that it holds. */
  readonly jobs: number;
  /** {@link Engine.progress}, as an Int32 that wraps. */
  readonly progress: number;
}

/** Device process → main process. Frames of a job come before its `done`; `beat` comes after `ready`. */
export type FromDevice =
  | { readonly type: 'ready' }
  | { readonly type: 'progress'; readonly model: string; readonly fraction: number }
  | { readonly type: 'warning'; readonly message: string }
  | { readonly type: 'loaded'; readonly model: ModelInfo }
  | { readonly type: 'load_failed'; readonly model: string; readonly error: ErrorData }
  | { readonly type: 'unloaded'; readonly model: string }
  | { readonly type: 'tokens'; readonly frames: readonly WireFrame[] }
  | { readonly type: 'done'; readonly job: number; readonly outcome: JobOutcome }
  | { readonly type: 'beat'; readonly workers: readonly WorkerPulse[] }
  /** It cannot go on and wants to be ended; `message` is the end of a sentence about the process. */
  | { readonly type: 'fault'; readonly message: string };

/** How a job ended. A failure is data: an Error loses its code and fields on the way. */
export type JobOutcome = Outcome<Completion>;

/** The same before it is known which numeric profile the model has. */
export type WorkerOutcome = Outcome<Omit<Completion, 'profile'>>;

type Outcome<Answer> =
  | { readonly ok: true; readonly completion: Answer }
  | { readonly ok: false; readonly error: ErrorData };

/** What a worker thread is started with: what its engine loads, and how the pool reaches it besides its tasks. */
export interface WorkerData extends WorkerSpec {
  /** Name of the `BroadcastChannel` on which every worker of the pool gets orders. */
  readonly orders: string;
}

/** To every worker of a pool: to open a place for jobs that run exclusively, or to let its engine go. */
export type WorkerOrder = 'open_exclusive' | 'dispose';

/** The model of a worker thread. */
export interface WorkerSpec {
  readonly name: string;
  readonly weights: ModelWeights;
  readonly backend: Backend;
  readonly gpu: GpuBackend | false;
  readonly useFlashAttention: boolean;
  readonly sequences: number;
  readonly contextSize: number | undefined;
  readonly batchSize: number | undefined;
  readonly threads: number;
  readonly batching?: Batching | undefined;
  /** One Int32 a job slot; 1 asks the job in it to stop before its next token. */
  readonly cancelFlags: SharedArrayBuffer;
  /** Where each worker shows that it lives, see worker-pulse.ts. */
  readonly pulse: SharedArrayBuffer;
  readonly heartbeatIntervalMs: number;
}

/** Device thread → worker thread, as a Piscina task. */
export interface WorkerTask {
  readonly job: number;
  /** Index of the job's flag in {@link WorkerSpec.cancelFlags}. */
  readonly slot: number;
  readonly work: Work;
}

/** A worker's answer to a task. */
export interface WorkerResult {
  readonly outcome: WorkerOutcome;
  /** Tokens and characters sent in frames, which travel on another port and may arrive after this. */
  readonly volumeSent: number;
  /** Thread id of the worker. */
  readonly thread: number;
}

/** Worker thread → device thread, beside the tasks' results. */
export type FromWorker =
  | { readonly type: 'progress'; readonly thread: number; readonly fraction: number }
  | { readonly type: 'loaded'; readonly engine: EngineInfo; readonly finding: DeterminismFinding }
  | { readonly type: 'load_failed'; readonly error: ErrorData }
  | { readonly type: 'tokens'; readonly frames: readonly WireFrame[] }
  /** It has a place for jobs that run exclusively; undefined where that went well. */
  | { readonly type: 'opened'; readonly error: ErrorData | undefined }
  /** Its engine is gone, with the memory; undefined where that went well. */
  | { readonly type: 'disposed'; readonly error: ErrorData | undefined };

/** What an engine says of the model it loaded. */
export interface EngineInfo {
  readonly description: string;
  readonly parameters: number;
  readonly fileBytes: number;
  readonly contextSize: number;
  readonly trainedContextSize: number;
  readonly batchSize: number;
  readonly threads: number;
  readonly flashAttention: boolean;
  /** See {@link ModelInfo.flashAttentionRefusal}. */
  readonly flashAttentionRefusal: string | undefined;
  /** `cuda`, `vulkan`, `metal`, or `none`. */
  readonly gpu: string;
  /** See {@link ModelInfo.embeddingSize}. */
  readonly embeddingSize?: number | undefined;
  readonly numerics: EngineNumerics;
}

/** Of an engine, what goes into the model's {@link NumericProfile}. */
export type EngineNumerics = Pick<NumericProfile, 'engine' | 'build' | 'device' | 'batchSize'>;
