/** Some tokens of one stream, in order. Frames of one stream never overlap and leave no gap. */
export interface TokenFrame {
  /** Position in the answer of the first of `tokens`; 0 is the first generated token. */
  readonly index: number;
  /** Text that these tokens completed: whole characters only, so it may lag behind the tokens. */
  readonly text: string;
  /** Token ids; empty only in a last frame, which then carries text left over at the end. */
  readonly tokens: readonly number[];
  /** One for each of `tokens`, where they were asked for. */
  readonly logprobs?: readonly TokenLogprob[];
}

/** Natural logarithms of the probabilities at one place of the answer, from which its token was chosen. */
export interface TokenLogprob extends ScoredText {
  /** The likeliest ones, best first; as many as were asked for. */
  readonly top: readonly ScoredText[];
}

/** A token with its probability. */
export interface ScoredText {
  readonly token: number;
  /** What it stands for: part of a character has U+FFFD here, see `bytes`. */
  readonly text: string;
  /** UTF-8. */
  readonly bytes: readonly number[];
  readonly logprob: number;
}

/** Why generation ended: the model's end token, `max_tokens`, or a full context. */
export type FinishReason = 'stop' | 'length' | 'context';

/** The whole answer to a prompt. */
export interface Completion {
  /** Exact: the UTF-8 bytes that the tokens stand for; bytes that are no UTF-8 are U+FFFD. */
  readonly text: string;
  /** Generated ids, the end-of-sequence token left out. */
  readonly tokens: readonly number[];
  /** `pre_prompt_tokens`, the prompt's tokens, and a BOS token where the tokenizer adds one. */
  readonly inputTokens: number;
  /** The `inputTokens` ids that the answer follows. */
  readonly promptTokens: readonly number[];
  readonly finishReason: FinishReason;
  readonly timings: CompletionTimings;
  /** Id of the {@link NumericProfile} that it was made with. */
  readonly profile: string;
  /** Where the run left the tokens that were expected of it; see {@link Job.expected}. */
  readonly divergence?: Divergence;
  /** One for each of `tokens`; see {@link RequestExtras.topLogprobs}. */
  readonly logprobs?: readonly TokenLogprob[];
  /** The text that ended the answer; see {@link RequestExtras.stop}. It is not part of `text`, its tokens are of `tokens`. */
  readonly stopText?: string;
  /** Of the prompt, in place of an answer; see {@link RequestExtras.embed}. */
  readonly embedding?: readonly number[];
}

/** The first place at which a run differs from the tokens that were expected of it. */
export interface Divergence {
  /** Position in the answer; 0 is the first generated token. */
  readonly index: number;
  /** What this run chose; undefined where it ended its answer here. */
  readonly token: number | undefined;
  /** What was expected; undefined where the answer was to end here. */
  readonly expected: number | undefined;
  /** What `token` stands for; '' for the end and for tokens of no text. */
  readonly text: string;
  /** What `expected` stands for; '' also where the model has no such token. */
  readonly expectedText: string;
  /** Of `token`, in this run, after the sampling params were applied. */
  readonly probability: number;
  /** Of `expected`, in this run. */
  readonly expectedProbability: number;
}

/** Measured in the worker, in ms. */
export interface CompletionTimings {
  /** From the start of the job in its worker to the first sampled token (also where that one ended it). */
  readonly prefillMs: number;
  /** From the first sampled token to the last one. */
  readonly decodeMs: number;
}

/** Tokens a second of a completion's decode phase; 0 where fewer than two tokens were sampled. */
export function tokensPerSecond(completion: Completion): number {
  const { decodeMs } = completion.timings;
  const decoded = completion.tokens.length - 1;
  return decoded < 1 || decodeMs <= 0 ? 0 : (decoded / decodeMs) * 1000;
}
