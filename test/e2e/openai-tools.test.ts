import t from 'tap';
import { failureOf, MODEL, startOpenAiNode, user } from './openai-node.js';

const { client } = await startOpenAiNode(t);

const WEATHER = {
  type: 'function' as const,
  function: {
    name: 'get_weather',
    parameters: {
      type: 'object',
      properties: { city: { $ref: '#/$defs/City' }, days: { type: 'integer', minimum: 1, maximum: 7 } },
      required: ['city', 'days'],
      additionalProperties: false,
      $defs: { City: { enum: ['Lima', 'Quito'] } },
    },
  },
};
const NOW = { type: 'function' as const, function: { name: 'now' } };
const CHAT = {
  model: MODEL,
  messages: [user('How is Lima?')],
  tools: [WEATHER, NOW],
  temperature: 0,
  max_tokens: 100,
};

t.test('a named function is called, with arguments of its schema', async (t) => {
  const named = { type: 'function' as const, function: { name: 'get_weather' } };
  const { choices } = await client.chat.completions.create({ ...CHAT, tool_choice: named });
  const [choice] = choices;
  t.match(choice, { finish_reason: 'tool_calls', message: { content: null } });
  const [call] = choice?.message.tool_calls ?? [];
  t.match(call, { type: 'function', id: /^call_[0-9a-f]{24}$/, function: { name: 'get_weather' } });
  if (call?.type !== 'function') return;
  t.match(JSON.parse(call.function.arguments), { city: /^(Lima|Quito)$/, days: Number });
});

t.test('a required call comes in a stream as deltas of its arguments', async (t) => {
  for (const seed of [1, 2, 3]) {
    const asked = { ...CHAT, tool_choice: 'required' as const, temperature: 1, seed };
    const whole = await client.chat.completions.create(asked);
    const expected = whole.choices[0]?.message.tool_calls?.[0];
    if (expected?.type !== 'function') throw new Error('no call');
    t.ok(['get_weather', 'now'].includes(expected.function.name));
    const stream = await client.chat.completions.create({ ...asked, stream: true });
    let name = '';
    let json = '';
    let reason: string | null = null;
    for await (const {
      choices: [choice],
    } of stream) {
      const call = choice?.delta.tool_calls?.[0];
      if (call?.id !== undefined) t.match(call, { index: 0, type: 'function' });
      name += call?.function?.name ?? '';
      json += call?.function?.arguments ?? '';
      reason = choice?.finish_reason ?? reason;
      t.equal(choice?.delta.content || '', '', 'a call has no text');
    }
    t.same({ name, arguments: json }, expected.function);
    t.equal(reason, 'tool_calls');
  }
});

t.test('tools are told to a model whose template knows none, and what they gave comes back', async (t) => {
  const { tools: _tools, ...plain } = CHAT;
  const without = await client.chat.completions.create({ ...plain, max_tokens: 1 });
  const told = await client.chat.completions.create({ ...CHAT, max_tokens: 1, tools: [NOW] });
  const none = await client.chat.completions.create({ ...CHAT, max_tokens: 1, tool_choice: 'none' });
  const [few, many] = [without.usage?.prompt_tokens ?? 0, told.usage?.prompt_tokens ?? 0];
  t.ok(many > few + 30, 'the prompt tells of them');
  t.equal(none.usage?.prompt_tokens, few, 'unless none is to be called');
  const back = await client.chat.completions.create({
    ...plain,
    messages: [
      user('What time is it?'),
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'now', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'call_1', content: 'noon' },
    ],
  });
  t.equal(back.choices[0]?.message.role, 'assistant');
});

t.test('a model that calls nothing answers with text', async (t) => {
  const { choices } = await client.chat.completions.create({ ...CHAT, tools: [NOW], max_tokens: 20 });
  t.match(choices[0]?.message, { content: String, tool_calls: undefined });
});

t.test('tools that make no sense are refused by name', async (t) => {
  const refused = async (more: object, param: string): Promise<void> => {
    const failure = await failureOf(client.chat.completions.create({ ...CHAT, ...more }));
    t.match(failure, { status: 400, type: 'invalid_request_error', param }, JSON.stringify(more));
  };
  await refused({ tools: [NOW, NOW] }, 'tools[1].function.name');
  await refused({ tools: [], tool_choice: 'required' }, 'tool_choice');
  await refused({ tool_choice: { type: 'function', function: { name: 'other' } } }, 'tool_choice');
  await refused({ tool_choice: 'sometimes' }, 'tool_choice');
  await refused({ tools: [{ type: 'web_search' }] }, 'tools[0].type');
  await refused({ response_format: { type: 'json_object' } }, 'response_format');
  const conflict = {
    ...NOW,
    function: { name: 'other', parameters: { $defs: { City: { type: 'string' } } } },
  };
  await refused({ tools: [WEATHER, conflict], tool_choice: 'required' }, 'tools');
  await refused({ functions: [] }, 'functions');
});

t.test('the client runs functions by itself', async (t) => {
  let asked: unknown;
  const runner = client.chat.completions.runTools({
    ...{ model: MODEL, messages: CHAT.messages, max_tokens: 100, temperature: 0 },
    tool_choice: { type: 'function', function: { name: 'get_weather' } },
    tools: [
      {
        type: 'function',
        function: {
          ...WEATHER.function,
          description: 'It tells.',
          parse: JSON.parse,
          function: (given: unknown) => {
            asked = given;
            return 'sunny';
          },
        },
      },
    ],
  });
  await runner.done();
  t.match(asked, { city: /^(Lima|Quito)$/ });
  t.match(runner.messages.at(-1), { role: 'tool', content: 'sunny' });
});
