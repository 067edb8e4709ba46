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
