import fc from 'fast-check';
import t from 'tap';
import { AtomaError } from '#src/core/index.js';
import { toOpenAiRefusal } from '#src/rpc/openai/errors.js';
import { checkChatBody } from '#src/rpc/openai/schemas/chat.js';
import { checkCompletionsBody } from '#src/rpc/openai/schemas/completions.js';
import { checkEmbeddingsBody } from '#src/rpc/openai/schemas/embeddings.js';

const CHAT = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
const CHECKS = [checkChatBody, checkCompletionsBody, checkEmbeddingsBody];

function refusalOf(check: (body: unknown) => unknown, body: unknown) {
  try {
    check(body);
    return undefined;
  } catch (error) {
    if (!(error instanceof AtomaError)) throw error;
    return toOpenAiRefusal(error);
  }
}

t.test('any body is taken or refused with 400 in the form of OpenAI', async (t) => {
  const fields = [
    'messages',
    'prompt',
    'input',
    'stop',
    'tools',
    'tool_choice',
    'n',
    'logprobs',
    'seed',
    '__proto__',
  ];
  const messages = fc.array(
    fc.record(
      { role: fc.constantFrom('user', 'tool', 'x'), content: fc.anything(), tool_calls: fc.anything() },
      { requiredKeys: [] },
    ),
  );
  const body = fc.oneof(
    fc.anything(),
    fc.dictionary(fc.constantFrom('model', 'stream', ...fields), fc.oneof(fc.anything(), messages)),
    fc.tuple(fc.constantFrom(...fields), fc.anything()).map(([name, value]) => ({ ...CHAT, [name]: value })),
  );
  fc.assert(
    fc.property(fc.constantFrom(...CHECKS), body, (check, given) => {
      const refusal = refusalOf(check, given);
      return refusal === undefined || refusal.status === 400;
    }),
    { numRuns: 500 },
  );
  t.pass();
});

t.test('defaults are those of OpenAI, and null counts as left out', async (t) => {
  const nulls = { temperature: null, stop: null, n: null, tools: null, seed: null, logit_bias: null };
  t.match(checkChatBody({ ...CHAT, ...nulls }), { temperature: 1, top_p: 1, n: 1, stop: [], stream: false });
  t.match(checkCompletionsBody({ model: 'm', prompt: 'x' }), { max_tokens: 16, echo: false, temperature: 1 });
  t.match(checkEmbeddingsBody({ model: 'm', input: 'x' }), { input: ['x'], encoding_format: 'float' });
});

t.test(
  'what changes nothing is taken, what is not known or cannot be honoured is refused by name',
  async (t) => {
    const harmless = {
      ...{ user: 'u', metadata: { a: 'b' }, store: true, service_tier: 'auto', parallel_tool_calls: true },
      ...{ logit_bias: {}, modalities: ['text'], verbosity: 'medium', reasoning_effort: 'none' },
    };
    t.ok(checkChatBody({ ...CHAT, ...harmless }));
    const cases: readonly [object, string, string][] = [
      [{ foo: 1 }, 'foo', 'unknown_parameter'],
      [{ stream_options: { foo: 1 } }, 'stream_options.foo', 'unknown_parameter'],
      [{ logit_bias: { 1: 1 } }, 'logit_bias', 'unsupported_parameter'],
      [{ audio: {} }, 'audio', 'unsupported_parameter'],
      [{ modalities: ['text', 'audio'] }, 'modalities', 'unsupported_parameter'],
      [{ model: undefined }, 'model', 'missing_required_parameter'],
      [{ temperature: 3 }, 'temperature', 'invalid_value'],
      [{ temperature: 'hot' }, 'temperature', 'invalid_type'],
      [{ stop: ['1', '2', '3', '4', '5'] }, 'stop', 'invalid_value'],
      [{ stop: '' }, 'stop', 'invalid_value'],
      [{ top_logprobs: 21 }, 'top_logprobs', 'invalid_value'],
      [{ messages: [] }, 'messages', 'invalid_value'],
      [{ messages: [{ role: 'user' }] }, 'messages[0].content', 'missing_required_parameter'],
      [{ messages: [{ role: 'robot', content: '' }] }, 'messages[0].role', 'invalid_value'],
      [
        { messages: [{ role: 'tool', content: '' }] },
        'messages[0].tool_call_id',
        'missing_required_parameter',
      ],
      [{ messages: [{ role: 'user', content: '\ud800' }] }, 'messages[0].content', 'invalid_value'],
      [
        { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] },
        'messages[0].content[0].type',
        'invalid_value',
      ],
      [{ response_format: { type: 'xml' } }, 'response_format.type', 'invalid_value'],
      [
        { tools: [{ type: 'function', function: { name: 'a b' } }] },
        'tools[0].function.name',
        'invalid_value',
      ],
    ];
    for (const [more, param, code] of cases) {
      const refusal = refusalOf(checkChatBody, { ...CHAT, ...more });
      t.match(refusal?.body.error, { type: 'invalid_request_error', param, code }, JSON.stringify(more));
    }
  },
);

t.test('faults of the node tell nothing of it', async (t) => {
  t.match(toOpenAiRefusal(new Error('/home/me')), { status: 500, body: { error: { type: 'server_error' } } });
  t.notMatch(toOpenAiRefusal(new Error('/home/me')).body.error.message, /home/);
  const key = toOpenAiRefusal(new AtomaError('unauthorized', 'No key.'));
  t.match(key, { status: 401, body: { error: { code: 'invalid_api_key' } } });
  t.match(toOpenAiRefusal(new AtomaError('forbidden', 'No.')), { status: 403 });
});
