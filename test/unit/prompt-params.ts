import type { PromptParams } from '#src/core/index.js';

/** A prompt of model `m`; what it asks does not matter where it stands. */
export const PARAMS: PromptParams = {
  model: 'm',
  prompt: 'p',
  prePromptTokens: [],
  prependOutputWithInput: false,
  maxTokens: 1n,
  randomSeed: 0n,
  repeatLastN: 0n,
  repeatPenalty: 1,
  shouldStreamOutput: false,
  temperature: 0,
  topK: 0n,
  topP: 1,
};
