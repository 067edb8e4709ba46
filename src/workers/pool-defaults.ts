import { availableParallelism } from 'node:os';

/** A context beyond this costs memory that few prompts use; a fixed number, since outputs depend on it. */
const DEFAULT_CONTEXT_TOKENS = 4096;
/** node-llama-cpp's own default: larger batches gain little in prefill and cost compute buffers. */
const DEFAULT_BATCH_TOKENS = 512;
/** WebAssembly blocks its thread, which must show signs of life: a batch takes 16 s at 2 tokens/s. */
const WASM_BATCH_TOKENS = 32;

/**
 * Tokens that a sequence can hold.
 * @param wanted by the configuration
 * @param trained how many the model was trained for; undefined where its files do not say
 */
export function contextSizeFor(wanted: number | undefined, trained: number | undefined): number {
  return wanted ?? Math.min(trained ?? DEFAULT_CONTEXT_TOKENS, DEFAULT_CONTEXT_TOKENS);
}

/** Tokens that llama.cpp decodes at once, of all sequences. */
export function llamaBatchSize(wanted: number | undefined, contextSize: number, sequences: number): number {
  return wanted ?? Math.min(contextSize * sequences, DEFAULT_BATCH_TOKENS);
}

/** Tokens of a prompt that llama.cpp evaluates at once: none is longer than a context. */
export function pieceSizeFor(wanted: number | undefined, contextSize: number): number {
  return Math.min(wanted ?? DEFAULT_BATCH_TOKENS, contextSize);
}

/** On a CPU: with one thread a batch gains little beyond this. */
const CPU_SEQUENCES = 4;
/** On a GPU a batch of 8 costs hardly more than one of 1. */
const GPU_SEQUENCES = 8;

/** Sequences of a worker, where the configuration does not say. */
export function sequencesFor(wanted: number | undefined, onGpu: boolean): number {
  return wanted ?? (onGpu ? GPU_SEQUENCES : CPU_SEQUENCES);
}

/** Contexts of a model on a device, where the configuration does not say: on a GPU each may cost the weights again. */
export function workersFor(wanted: number | undefined, onGpu: boolean): number {
  return wanted ?? (onGpu ? 1 : availableParallelism());
}

/** Tokens of a prompt that ONNX Runtime evaluates at once. */
export function onnxBatchSize(wanted: number | undefined, backend: 'onnx' | 'wasm'): number {
  return wanted ?? (backend === 'wasm' ? WASM_BATCH_TOKENS : DEFAULT_BATCH_TOKENS);
}
