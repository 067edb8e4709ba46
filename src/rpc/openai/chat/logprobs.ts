import type { ScoredText, TokenLogprob } from '../../../core/index.js';

/** The likelihood of each token of a chat's answer, as OpenAI tells it. */
export function chatLogprobs(logprobs: readonly TokenLogprob[]): { readonly content: readonly object[] } {
  return { content: logprobs.map((each) => ({ ...scored(each), top_logprobs: each.top.map(scored) })) };
}

function scored({ text, logprob, bytes }: ScoredText): object {
  return { token: text, logprob, bytes };
}
