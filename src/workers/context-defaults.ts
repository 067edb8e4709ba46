/** A context beyond this costs memory that few prompts use; a fixed number, since outputs depend on it. */
const DEFAULT_CONTEXT_TOKENS = 4096;
/** node-llama-cpp's own default: larger batches gain little in prefill and cost compute buffers. */
const DEFAULT_BATCH_TOKENS = 512;

/** Tokens of a sequence, where the configuration does not say. */
export function contextSizeFor(wanted: number | undefined, trained: number): number {
  return wanted ?? Math.min(trained, DEFAULT_CONTEXT_TOKENS);
}

/** Tokens of a batch, where the configuration does not say. */
export function batchSizeFor(wanted: number | undefined, contextSize: number, sequences: number): number {
  return wanted ?? Math.min(contextSize * sequences, DEFAULT_BATCH_TOKENS);
}

/** On a CPU: with one thread a batch gains little beyond this. */
const CPU_SEQUENCES = 4;
/** On a GPU a batch of 8 costs hardly more than one of 1. */
const GPU_SEQUENCES = 8;

/** Sequences of a worker, where the configuration does not say. */
export function sequencesFor(wanted: number | undefined, onGpu: boolean): number {
  return wanted ?? (onGpu ? GPU_SEQUENCES : CPU_SEQUENCES);
}
