import { z } from 'zod';
import { requestId, u64 } from './params.js';

const U32_MAX = 4_294_967_295;
/** The penalties' range in OpenAI's API. */
const MAX_PENALTY = 2;
/** As in OpenAI's API: more is told to nobody. */
const MAX_TOP_LOGPROBS = 20;
/** Each is looked for at every token. OpenAI's API takes four. */
const MAX_STOP_TEXTS = 16;
const MAX_STOP_CHARS = 1024;
/** A request that nobody reads holds a sequence for as long. */
const MAX_LINGER_MS = 60_000;

/** A lone surrogate has no UTF-8, so no tokenizer could be given it. */
const wellFormed = z.string().refine((text) => !/\p{Surrogate}/u.test(text), {
  error: 'holds half of a surrogate pair, wanted Unicode',
});

/** Ids of tokens. The first wrong one ends the check: there may be hundreds of thousands. */
const tokenIds = z
  .array(z.unknown())
  .transform((values, context): readonly number[] => {
    if (values.every(isU32)) return values;
    const wrong = values.findIndex((value) => !isU32(value));
    context.addIssue({ code: 'custom', path: [wrong], message: `wanted an integer from 0 to ${U32_MAX}` });
    return z.NEVER;
  })
  .meta({ items: { type: 'integer', minimum: 0, maximum: U32_MAX } });

function isU32(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= U32_MAX;
}

const penalty = z.number().min(-MAX_PENALTY).max(MAX_PENALTY).default(0);

const stopText = wellFormed.min(1).max(MAX_STOP_CHARS);
const stopTexts = z
  .union([stopText.transform((text) => [text]), z.array(stopText).max(MAX_STOP_TEXTS)], {
    error: `wanted a text of 1 to ${MAX_STOP_CHARS} characters, or at most ${MAX_STOP_TEXTS} of them`,
  })
  .describe('The answer ends before the first of these; a stream never shows a part of one.');

const responseFormat = z
  .discriminatedUnion(
    'type',
    [
      z.strictObject({ type: z.literal('text') }),
      z.strictObject({ type: z.literal('json_object') }),
      z.strictObject({
        type: z.literal('json_schema'),
        json_schema: z.strictObject({
          name: z.string().optional(),
          schema: z.record(z.string(), z.unknown()),
        }),
      }),
    ],
    { error: 'wanted {"type": "text"}, "json_object", or "json_schema" with json_schema.schema' },
  )
  .describe('What the answer has to be: any JSON object, or JSON of a JSON Schema.');

/**
 * The params of `atoma_generate`: the contract's names and meaning, then what only requests may ask for. `prompt`
 * comes first because it is the only one that every call has.
 */
export const GenerateParams = z
  .strictObject({
    prompt: wellFormed.describe('Run as it is: a raw completion, without a chat template.'),
    model: z.string().optional().describe('May be left out where one is loaded.'),
    max_tokens: u64.prefault(256),
    temperature: z.number().default(0).describe('0 is greedy.'),
    top_k: u64.prefault(0).describe('0 is off.'),
    top_p: z.number().default(1).describe('1 is off.'),
    repeat_penalty: z.number().default(1).describe('1 is off.'),
    repeat_last_n: u64.prefault(64).describe('How many of the last tokens `repeat_penalty` looks at.'),
    random_seed: u64.optional().describe('All 64 bits count; default: one by chance, told in the result.'),
    pre_prompt_tokens: tokenIds.prefault([]).describe('Ids of tokens that come before the prompt.'),
    prepend_output_with_input: z.boolean().default(false),
    reproducible: z
      .boolean()
      .default(false)
      .describe('The same params shall give the same bytes on every node of the same numeric profile.'),
    request_id: requestId.optional().describe('Unique among running requests; default: one by chance.'),
    stream: z
      .boolean()
      .default(false)
      .describe('Tokens come as notifications `atoma_subscription`; over a WebSocket only.'),
    linger_ms: z
      .int()
      .min(0)
      .max(MAX_LINGER_MS)
      .default(0)
      .describe('With `stream`: how long the request goes on, unread, after its WebSocket was lost.'),
    stop: stopTexts.optional(),
    frequency_penalty: penalty.describe('For each time that a token stands in the answer; 0 is off.'),
    presence_penalty: penalty.describe('Where a token stands in the answer at all; 0 is off.'),
    top_logprobs: z
      .int()
      .min(0)
      .max(MAX_TOP_LOGPROBS)
      .optional()
      .describe('Tells how likely each token was, and so many of the likeliest.'),
    response_format: responseFormat.optional(),
  })
  .refine((params) => params.stream || params.linger_ms === 0, {
    path: ['linger_ms'],
    error: 'wanted only together with stream: true',
  });

export type GenerateParams = z.output<typeof GenerateParams>;
