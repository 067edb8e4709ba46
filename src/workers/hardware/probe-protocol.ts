import type { ErrorData } from '../../core/index.js';
import type { GpuBackend } from '../protocol.js';

/** What a probe process is asked; one question a process. */
export interface ProbeQuestions {
  /** Loads a build of llama.cpp. */
  readonly llama: { readonly gpu: GpuBackend | false };
  /** Loads ONNX Runtime's native addon. */
  readonly onnx: object;
  /** Plans the memory of a GGUF model. */
  readonly memory: MemoryQuestion;
}

/** The answers; a question that cannot be answered ends in an error. */
export interface ProbeAnswers {
  readonly llama: LlamaFinding;
  readonly onnx: object;
  readonly memory: MemoryFinding;
}

/** A model and its context, as a worker would load them. */
export interface MemoryQuestion {
  /** The GGUF file, of a split one the first part. */
  readonly file: string;
  readonly gpu: GpuBackend | false;
  readonly sequences: number;
  /** Tokens a sequence can hold; undefined for the default. */
  readonly contextSize: number | undefined;
  readonly batchSize: number | undefined;
  readonly flashAttention: boolean;
}

/** What one worker needs, on the GPU where there is one, else in RAM. */
export interface MemoryFinding {
  readonly weightsBytes: number;
  /** Whether workers share the weights: they do where the file is mapped and used as it is. */
  readonly weightsShared: boolean;
  /** KV cache, of all sequences, and compute buffers. */
  readonly contextBytes: number;
  /** The KV cache's part of it. */
  readonly kvCacheBytes: number;
  readonly contextSize: number;
  /** What is free on the GPU, or of RAM. */
  readonly freeBytes: number;
}

/** What a build of llama.cpp sees. */
export interface LlamaFinding {
  /** Names of the GPUs, in the build's own order. */
  readonly devices: readonly string[];
  /** Of all of them together. */
  readonly totalBytes: number;
  readonly freeBytes: number;
}

export type ProbeKind = keyof ProbeQuestions;

/** Main process → probe process. */
export type ProbeMessage = {
  readonly [Kind in ProbeKind]: { readonly kind: Kind; readonly question: ProbeQuestions[Kind] };
}[ProbeKind];

/** Probe process → main process. */
export type ProbeReply =
  | { readonly ok: true; readonly answer: unknown }
  | { readonly ok: false; readonly error: ErrorData };
