import { z } from 'zod';
import { checkBody, type Unsupported } from './check.js';
import {
  bookkeepingFields,
  isTokenIds,
  samplingFields,
  text,
  tokenLimit,
  UNSUPPORTED_SAMPLING,
} from './fields.js';

const MAX_LOGPROBS = 5;
/** OpenAI's default. */
const DEFAULT_MAX_TOKENS = 16;

/** A raw prompt: text, or the ids of its tokens. */
export type RawPrompt = string | readonly number[];

/** One prompt or several, each a text or token ids. */
export const prompts = z.unknown().transform((value, context): readonly RawPrompt[] => {
  const several = typeof value === 'string' || isTokenIds(value) ? [value] : value;
  if (Array.isArray(several) && several.length > 0 && several.every(isPrompt)) return several;
  const message =
    value === undefined ? 'it is missing' : 'expected a string, token ids, or an array of either, none empty';
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

function isPrompt(value: unknown): value is RawPrompt {
  return isTokenIds(value) || (text.safeParse(value).success && value !== '');
}

const CompletionsBody = z.strictObject({
  prompt: prompts,
  ...samplingFields,
  ...bookkeepingFields,
  max_tokens: tokenLimit(0).default(DEFAULT_MAX_TOKENS),
  logprobs: z
    .int()
    .min(0, { error: 'expected at least 0' })
    .max(MAX_LOGPROBS, { error: `expected at most ${MAX_LOGPROBS}` })
    .optional(),
  echo: z.boolean().default(false),
  best_of: z.int().min(1, { error: 'expected at least 1' }).optional(),
});

export type CompletionsBody = z.output<typeof CompletionsBody>;

const UNSUPPORTED: Unsupported = {
  ...UNSUPPORTED_SAMPLING,
  suffix: { why: 'a text is only continued at its end here', harmless: (value) => value === '' },
};

/** The body of `POST /v1/completions`. @throws AtomaError `invalid_params` */
export function checkCompletionsBody(body: unknown): CompletionsBody {
  return checkBody(body, CompletionsBody, UNSUPPORTED);
}
