import { z } from 'zod';
import { requestId, u64 } from './params.js';

const U32_MAX = 4_294_967_295;

/** A lone surrogate has no UTF-8, so no tokenizer could be given it. */
const wellFormed = z.string().refine((text) => !/\p{Surrogate}/u.test(text), {
  error: 'holds half of a surrogate pair, wanted Unicode',
});

/** Ids of tokens. The first wrong one ends the check: there may be hundreds of thousands. */
const tokenIds = z.array(z.unknown()).transform((values, context): readonly number[] => {
  if (values.every(isU32)) return values;
  const wrong = values.findIndex((value) => !isU32(value));
  context.addIssue({ code: 'custom', path: [wrong], message: `wanted an integer from 0 to ${U32_MAX}` });
  return z.NEVER;
});

function isU32(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= U32_MAX;
}

/**
 * The params of `atoma_generate`: the contract's names and meaning. `prompt` comes first because it is the
 * only one that every call has.
 */
export const GenerateParams = z.strictObject({
  prompt: wellFormed,
  model: z.string().optional(),
  max_tokens: u64.prefault(256),
  temperature: z.number().default(0),
  top_k: u64.prefault(0),
  top_p: z.number().default(1),
  repeat_penalty: z.number().default(1),
  repeat_last_n: u64.prefault(64),
  random_seed: u64.optional(),
  pre_prompt_tokens: tokenIds.prefault([]),
  prepend_output_with_input: z.boolean().default(false),
  reproducible: z.boolean().default(false),
  request_id: requestId.optional(),
  stream: z.boolean().default(false),
});

export type GenerateParams = z.output<typeof GenerateParams>;
