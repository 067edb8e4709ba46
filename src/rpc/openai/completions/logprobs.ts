import type { TokenLogprob } from '../../../core/index.js';

/** The likelihood of each token of a raw answer, as OpenAI tells it. */
interface CompletionLogprobs {
  readonly tokens: readonly string[];
  readonly token_logprobs: readonly number[];
  readonly top_logprobs: readonly Readonly<Record<string, number>>[] | null;
  /** UTF-16 code units before each token. */
  readonly text_offset: readonly number[];
}

/**
 * @param offset code units of the answer before the first of these tokens
 */
export function completionLogprobs(logprobs: readonly TokenLogprob[], offset: number): CompletionLogprobs {
  let at = offset;
  const offsets = logprobs.map(({ text }) => {
    const start = at;
    at += text.length;
    return start;
  });
  const hasTop = logprobs.some(({ top }) => top.length > 0);
  return {
    tokens: logprobs.map(({ text }) => text),
    token_logprobs: logprobs.map(({ logprob }) => logprob),
    top_logprobs: hasTop
      ? logprobs.map(({ top }) => Object.fromEntries(top.map(({ text, logprob }) => [text, logprob])))
      : null,
    text_offset: offsets,
  };
}
