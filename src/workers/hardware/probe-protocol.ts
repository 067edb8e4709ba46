import type { ErrorData } from '../../core/index.js';
import type { GpuBackend } from '../protocol.js';

/** What a probe process is asked; one question a process. */
export interface ProbeQuestions {
  /** Loads a build of llama.cpp. */
  readonly llama: { readonly gpu: GpuBackend | false };
  /** Loads ONNX Runtime's native addon. */
  readonly onnx: object;
}

/** The answers; a question that cannot be answered ends in an error. */
export interface ProbeAnswers {
  readonly llama: LlamaFinding;
  readonly onnx: object;
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
