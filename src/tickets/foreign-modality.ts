import type { PromptEvent, UnsupportedPromptEvent } from '../core/index.js';

/**
 * A prompt that the node cannot run, in the form in which the journal keeps prompts: its model is known, of its
 * params nothing.
 */
export function asTextPrompt(event: UnsupportedPromptEvent): PromptEvent {
  const { id, timestampMs, checkpoint, ticketId, model, chunksCount, nodes, outputDestination } = event;
  return {
    kind: 'prompt',
    ...{ id, timestampMs, checkpoint, ticketId, chunksCount, nodes, outputDestination },
    params: {
      model,
      prompt: '',
      prePromptTokens: [],
      prependOutputWithInput: false,
      maxTokens: 0n,
      randomSeed: 0n,
      repeatLastN: 0n,
      repeatPenalty: 1,
      shouldStreamOutput: false,
      temperature: 0,
      topK: 0n,
      topP: 1,
    },
  };
}
