import { z } from 'zod';
import { CompletionSchema, GenerateResultSchema, TokenLogprobSchema } from './completion.js';
import { count, hash, tokenIds, u64Text } from './schema.js';

/** The error object of a stream that failed, as JSON-RPC has it. */
const ErrorObject = z.object({
  code: z.int(),
  message: z.string(),
  data: z.looseObject({ code: z.string() }),
});

/** A whole answer at the end of a subscription to a stream of somebody else, or of a ticket. */
const FollowedCompletion = z.object({
  ...CompletionSchema.shape,
  request_id: z.string().optional(),
  ticket_id: z.string().optional(),
  model: z.string().optional(),
  random_seed: u64Text.optional(),
});

/** The params of the notification `atoma_subscription`. */
export const StreamNotificationSchema = z
  .object({
    subscription: z.string().describe('Id of the subscription.'),
    result: z.object({
      index: count.describe('Position of the first of `tokens` in the answer.'),
      text: z.string().describe('Text that these tokens completed: whole characters.'),
      text_index: count
        .optional()
        .describe(
          'Where the reading began inside a frame: the token, before `index`, at which `text` begins.',
        ),
      tokens: tokenIds,
      logprobs: z.array(TokenLogprobSchema).optional(),
      hash: hash.optional().describe('blake2b-256 of the UTF-8 bytes of all text from index 0 on.'),
      restarted: z
        .literal(true)
        .optional()
        .describe('The answer begins anew: what came before no longer counts, frames come from index 0.'),
      done: z.literal(true).optional().describe('This is the last notification.'),
      completion: z.union([GenerateResultSchema, FollowedCompletion]).optional(),
      error: ErrorObject.optional(),
      root: hash.optional().describe('What the node commits to for a ticket.'),
      leaf: hash.optional().describe("This node's own leaf below `root`."),
      leaf_index: u64Text.optional(),
      chunks_count: u64Text.optional(),
    }),
  })
  .meta({ id: 'StreamNotification', description: 'Some tokens of a stream, a new beginning, or its end.' });
