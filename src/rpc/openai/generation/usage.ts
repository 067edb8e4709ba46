import type { Completion, FinishReason } from '../../../core/index.js';

/** Tokens, as the tokenizer counts them. */
export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

/**
 * What an answer took.
 * @param prompts one completion a prompt: its tokens count once, however many choices were made of it
 */
export function usageOf(prompts: readonly Completion[], completions: readonly Completion[]): Usage {
  const prompt = prompts.reduce((sum, { inputTokens }) => sum + inputTokens, 0);
  const answer = completions.reduce((sum, { tokens }) => sum + tokens.length, 0);
  return { prompt_tokens: prompt, completion_tokens: answer, total_tokens: prompt + answer };
}

/** OpenAI knows no full context apart from a limit. */
export function finishReasonOf(reason: FinishReason): 'stop' | 'length' {
  return reason === 'stop' ? 'stop' : 'length';
}
