import { z } from 'zod';
import { type Completion, type PromptParams, type TokenLogprob, tokensPerSecond } from '../../core/index.js';
import type { GenerateResult } from '../node-api.js';
import { count, tokenIds, u64Text, type WireOf } from './schema.js';

const scored = {
  token: count,
  text: z.string().describe('What the token stands for; part of a character has U+FFFD here, see `bytes`.'),
  bytes: z.array(z.int().min(0).max(255)).describe('The same as UTF-8.'),
  logprob: z.number().describe('Natural logarithm of its probability.'),
};

export const TokenLogprobSchema = z
  .object({ ...scored, top: z.array(z.object(scored)).describe('The likeliest tokens here, best first.') })
  .meta({ id: 'TokenLogprob', description: 'How likely a token of the answer was, and which others were.' });

const Timings = z.object({
  prefill_ms: z.number().min(0).describe('From the start of the run to its first token.'),
  decode_ms: z.number().min(0).describe('From the first token to the last one.'),
  tokens_per_second: z.number().min(0).describe('Of the decode phase; 0 with fewer than two tokens.'),
});

export const FinishReasonSchema = z.enum(['stop', 'length', 'context']).meta({
  id: 'FinishReason',
  description: 'Why the answer ended: its end token or a stop text, `max_tokens`, or a full context.',
});

export const CompletionSchema = z
  .object({
    text: z.string(),
    tokens: tokenIds,
    input_tokens: count.describe('Tokens that the answer follows.'),
    output_tokens: count,
    finish_reason: FinishReasonSchema,
    stop_text: z
      .string()
      .optional()
      .describe('The stop text that ended the answer, which is not part of it.'),
    logprobs: z
      .array(TokenLogprobSchema)
      .optional()
      .describe('One for each token, where they were asked for.'),
    profile: z.string().describe('Id of the numeric profile: see `atoma_listModels`.'),
    timings: Timings,
  })
  .meta({ id: 'Completion', description: 'A finished answer.' });

/** A finished answer as clients get it. */
export function completionToWire(completion: Completion): WireOf<typeof CompletionSchema> {
  const { logprobs, stopText } = completion;
  return {
    text: completion.text,
    tokens: completion.tokens,
    input_tokens: completion.inputTokens,
    output_tokens: completion.tokens.length,
    finish_reason: completion.finishReason,
    ...(stopText !== undefined && { stop_text: stopText }),
    ...(logprobs !== undefined && { logprobs: logprobs.map(logprobToWire) }),
    profile: completion.profile,
    timings: timingsToWire(completion),
  };
}

export const GenerateResultSchema = z
  .object({
    request_id: z.string(),
    model: z.string(),
    ...CompletionSchema.shape,
    random_seed: u64Text,
    reproducible: z.boolean().describe('The same params give the same bytes on every node of this profile.'),
    timings: Timings.extend({ queued_ms: z.number().min(0).describe('Before a worker took it.') }),
  })
  .meta({ id: 'GenerateResult', description: 'A finished answer with what it was made from.' });

/** The result of `atoma_generate`. */
export function generateResultToWire(
  result: GenerateResult,
  params: PromptParams,
): WireOf<typeof GenerateResultSchema> {
  return {
    request_id: result.requestId,
    model: params.model,
    ...completionToWire(result.completion),
    random_seed: params.randomSeed.toString(),
    reproducible: result.reproducible,
    timings: { queued_ms: rounded(result.queuedMs), ...timingsToWire(result.completion) },
  };
}

function logprobToWire({
  token,
  text,
  bytes,
  logprob,
  top,
}: TokenLogprob): WireOf<typeof TokenLogprobSchema> {
  return { token, text, bytes, logprob, top };
}

function timingsToWire(completion: Completion): WireOf<typeof Timings> {
  return {
    prefill_ms: rounded(completion.timings.prefillMs),
    decode_ms: rounded(completion.timings.decodeMs),
    tokens_per_second: rounded(tokensPerSecond(completion)),
  };
}

/** Three decimals: microseconds, the clock's own resolution. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
