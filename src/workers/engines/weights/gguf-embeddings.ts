import type { GgufFileInfo } from 'node-llama-cpp';

/** llama.cpp's `llama_pooling_type`: mean, that of the first token, that of the last one. */
const POOLED: readonly unknown[] = [1, 2, 3];

/**
 * Length of the embeddings that a GGUF model makes; undefined where it makes none. It says how those of a text's tokens
 * become one of the text (`<architecture>.pooling_type`); one that says nothing, or ranks, was not made for it.
 */
export function embeddingSizeOf({ architectureMetadata }: GgufFileInfo): number | undefined {
  const { pooling_type: pooling, embedding_length: size } = architectureMetadata;
  return POOLED.includes(pooling) ? size : undefined;
}

/** False for an encoder, which sees a text as a whole. */
export function continuesText({ architectureMetadata }: GgufFileInfo): boolean {
  return architectureMetadata.attention?.causal !== false;
}
