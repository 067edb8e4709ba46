import type { LogitSource } from './logit-source.js';

/** Tokens whose logits are compared, the same on every node that runs a model. */
export interface PinnedPrompt {
  readonly tokens: readonly number[];
  /** What follows, one by one. */
  readonly continuation: readonly number[];
}

/**
 * It reaches beyond the 256 places by which llama.cpp enlarges the part of its cache that it reads. It takes most of the
 * probe's time: it is the last one, and arrangements that do not need it leave it out.
 */
const LONGEST_TOKENS = 257;
/** In tokens. Kernels differ for 1, for a few and for many tokens, and at multiples of what they take at once. */
const LENGTHS_TOKENS = [34, 33, 1, 2, 7, 16, 64, LONGEST_TOKENS];
export const PROMPTS = LENGTHS_TOKENS.length;
/** Next tokens of each prompt: enough to go from all sequences at once down to two, see arrangements.ts. */
export const STEPS = 4;
/** The longest prompt with its continuation, and a place that engines keep free. */
export const PROBE_TOKENS = LONGEST_TOKENS + STEPS + 1;

/** Any text will do: what counts is that every node takes the same. */
const TEXT =
  'The quick brown fox jumps over the lazy dog while seventeen engineers, 3.14159 metres apart, argue in Zürich ' +
  'about {"json": [true, null]}, f(x) = x² + 1 and the price of tea; "Why?" asked nobody in particular.\n' +
  'Once upon a time there was a node that gave the same answer twice, and a user who noticed.';

/** As many prompts as there are lengths, cut to the context; each begins elsewhere in the text. */
export function pinnedPrompts({ contextSize, vocabularySize, encode }: PromptSource): PinnedPrompt[] {
  const text = encode(TEXT);
  const token = (at: number): number =>
    text.length === 0 ? at % vocabularySize : (text[at % text.length] ?? 0);
  const steps = Math.max(0, Math.min(STEPS, contextSize - 2));
  return LENGTHS_TOKENS.map((wanted, prompt) => {
    const length = Math.max(1, Math.min(wanted, contextSize - 1 - steps));
    const all = Array.from({ length: length + steps }, (_, at) => token(at + prompt * STEPS));
    return { tokens: all.slice(0, length), continuation: all.slice(length) };
  });
}

type PromptSource = Pick<LogitSource, 'contextSize' | 'vocabularySize' | 'encode'>;
