import { z } from 'zod';
import type { Unsupported } from './check.js';

/** A lone surrogate has no UTF-8, so no tokenizer could be given it. */
export const text = z.string().refine((value) => !/\p{Surrogate}/u.test(value), {
  error: 'it holds half of a surrogate pair, wanted Unicode',
});

/** OpenAI's most. */
const MAX_STOPS = 4;
const MAX_CHOICES = 128;
const U32_MAX = 4_294_967_295;

/** One text or up to four. */
const stop = z.preprocess(
  (value) => (typeof value === 'string' ? [value] : value),
  z
    .array(text.min(1, { error: 'a stop text must not be empty' }), {
      error: 'expected a string or an array of strings',
    })
    .max(MAX_STOPS, { error: `expected at most ${MAX_STOPS} stop texts` }),
);

const number = (low: number, high: number) => {
  const error = `expected a number from ${low} to ${high}`;
  return z.number().min(low, { error }).max(high, { error });
};

export const tokenLimit = (least: number) =>
  z.int().min(least, { error: `expected an integer of at least ${least}` });

/** What chat and raw completions have in common. */
export const samplingFields = {
  model: z.string(),
  stream: z.boolean().default(false),
  stream_options: z
    .strictObject({
      include_usage: z.boolean().default(false),
      // Padding against the guessing of tokens by the length of packets: only its being off can be promised.
      include_obfuscation: z.literal(false, { error: 'events are not padded here: leave it out' }).optional(),
    })
    .optional(),
  stop: stop.default([]),
  n: z
    .int()
    .min(1, { error: 'expected at least 1' })
    .max(MAX_CHOICES, { error: `expected at most ${MAX_CHOICES}` })
    .default(1),
  seed: z.int().optional(),
  temperature: number(0, 2).default(1),
  top_p: number(0, 1).default(1),
  frequency_penalty: number(-2, 2).default(0),
  presence_penalty: number(-2, 2).default(0),
} as const;

/** They change nothing of an answer: clients send them for the books of their provider. */
export const bookkeepingFields = {
  user: z.string().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  store: z.boolean().optional(),
  service_tier: z.string().optional(),
  safety_identifier: z.string().optional(),
  prompt_cache_key: z.string().optional(),
  prompt_cache_retention: z.string().optional(),
} as const;

/** Fields of both endpoints that cannot be honoured. */
export const UNSUPPORTED_SAMPLING: Unsupported = {
  logit_bias: {
    why: 'single tokens cannot be made more or less likely here',
    harmless: (value) => typeof value === 'object' && Object.keys(value ?? {}).length === 0,
  },
};

/** Ids of tokens. Checked in one go: there may be hundreds of thousands. */
export const isTokenIds = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.length > 0 && value.every(isTokenId);

function isTokenId(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= U32_MAX;
}
