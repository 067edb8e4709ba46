import type { LlamaModel, Token } from 'node-llama-cpp';
import type { PromptVocabulary } from '../prompt-input.js';

/** node-llama-cpp marks the numbers that are tokens; nothing is done to them. */
export function toToken(id: number): Token {
  return id as Token;
}

/** The tokens of a model, for those who make prompts of them. */
export function vocabularyOf(model: LlamaModel): PromptVocabulary {
  const { bos, shouldPrependBosToken } = model.tokens;
  let size = 0;
  for (const _ of model.iterateAllTokens()) size++;
  return {
    size,
    bos: shouldPrependBosToken && bos !== null ? bos : undefined,
    encode: (text) => model.tokenize(text, true),
  };
}
