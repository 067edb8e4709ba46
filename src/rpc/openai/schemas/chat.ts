import { z } from 'zod';
import { checkBody, type Unsupported } from './check.js';
import { bookkeepingFields, samplingFields, text, tokenLimit, UNSUPPORTED_SAMPLING } from './fields.js';
import { toolFields } from './tools.js';

const MAX_TOP_LOGPROBS = 20;

const part = z.discriminatedUnion('type', [z.strictObject({ type: z.literal('text'), text })], {
  error: 'models here take text only: expected parts of the type text',
});

/** Text, or parts of it, which become lines. */
const content = z
  .preprocess(
    (value) => (typeof value === 'string' ? [{ type: 'text', text: value }] : value),
    z.array(part, { error: 'expected a string or an array of text parts' }),
  )
  .transform((parts) => parts.map((each) => each.text).join('\n'));

const name = z.string().optional();

const toolCall = z.strictObject({
  id: z.string(),
  type: z.literal('function'),
  function: z.strictObject({ name: z.string(), arguments: text }),
});

const assistant = z.strictObject({
  role: z.literal('assistant'),
  content: content.nullish().transform((given) => given ?? ''),
  name,
  tool_calls: z.array(toolCall).nullish(),
  // Of answers that clients send back as they got them.
  refusal: z.string().nullish(),
  annotations: z.array(z.unknown()).nullish(),
  reasoning_content: z.string().nullish(),
  audio: z.null({ error: 'models here have no audio' }).optional(),
  function_call: z.null({ error: 'it is of an older API: use tool_calls' }).optional(),
});

const message = z.discriminatedUnion(
  'role',
  [
    z.strictObject({ role: z.enum(['system', 'developer']), content, name }),
    z.strictObject({ role: z.literal('user'), content, name }),
    assistant,
    z.strictObject({ role: z.literal('tool'), content, tool_call_id: z.string(), name }),
  ],
  { error: 'expected one of the roles system, developer, user, assistant and tool' },
);

const responseFormat = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('text') }),
    z.strictObject({ type: z.literal('json_object') }),
    z.strictObject({
      type: z.literal('json_schema'),
      json_schema: z.strictObject({
        name: z.string(),
        description: z.string().nullish(),
        schema: z.record(z.string(), z.unknown()).nullish(),
        strict: z.boolean().nullish(),
      }),
    }),
  ],
  { error: 'expected the type text, json_object or json_schema' },
);

const ChatBody = z.strictObject({
  messages: z.array(message).min(1, { error: 'expected at least one message' }),
  ...samplingFields,
  ...bookkeepingFields,
  max_tokens: tokenLimit(1).optional(),
  max_completion_tokens: tokenLimit(1).optional(),
  logprobs: z.boolean().default(false),
  top_logprobs: z
    .int()
    .min(0, { error: 'expected at least 0' })
    .max(MAX_TOP_LOGPROBS, { error: `expected at most ${MAX_TOP_LOGPROBS}` })
    .optional(),
  response_format: responseFormat.default({ type: 'text' }),
  ...toolFields,
});

export type ChatBody = z.output<typeof ChatBody>;

export type Message = ChatBody['messages'][number];

const UNSUPPORTED: Unsupported = {
  ...UNSUPPORTED_SAMPLING,
  audio: { why: 'models here have no audio' },
  modalities: {
    why: 'models here answer with text only',
    harmless: (value) => Array.isArray(value) && value.every((each) => each === 'text'),
  },
  functions: { why: 'it is of an older API: use tools' },
  function_call: { why: 'it is of an older API: use tool_choice' },
  prediction: { why: 'answers are not predicted from a text here' },
  reasoning_effort: {
    why: 'how long a model thinks cannot be set here',
    harmless: (value) => value === 'none',
  },
  verbosity: { why: 'how wordy a model is cannot be set here', harmless: (value) => value === 'medium' },
  web_search_options: { why: 'a node does not search the web' },
  moderation: { why: 'a node does not moderate' },
};

/** The body of `POST /v1/chat/completions`. @throws AtomaError `invalid_params` */
export function checkChatBody(body: unknown): ChatBody {
  return checkBody(body, ChatBody, UNSUPPORTED);
}
