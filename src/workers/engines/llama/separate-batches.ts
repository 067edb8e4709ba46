import type { BatchItem, CustomBatchingPrioritizationStrategy } from 'node-llama-cpp';

/**
 * Composes batches so that a prompt is always cut at the same places, whatever else runs: its pieces of `pieceSize`
 * tokens are evaluated one a batch, and tokens that come one by one (each sequence's next) share batches among
 * themselves. Kernels for one token and for several round differently, and in a batch that mixes prompts llama.cpp
 * cuts them to equal lengths (`llama_batch_allocr::split_equal`): with the library's own strategy the last token of
 * a prompt can come to stand alone because of its neighbours. Little is lost by it: what was cut to equal lengths was
 * not evaluated at once either.
 * The two kinds of batches take turns, and prompts go in the order they came.
 */
export function separateBatches(pieceSize: number): CustomBatchingPrioritizationStrategy {
  let lastWasPrompt = false;
  return ({ items }) => {
    const prompt = items.find(({ tokens }) => tokens.length > 1);
    const next = items.filter(({ tokens }) => tokens.length === 1);
    lastWasPrompt = prompt !== undefined && (next.length === 0 || !lastWasPrompt);
    return prompt !== undefined && lastWasPrompt
      ? [{ item: prompt, processAmount: Math.min(pieceSize, prompt.tokens.length) }]
      : next.map((item: BatchItem) => ({ item, processAmount: 1 }));
  };
}
