import { getLlama } from 'node-llama-cpp';
import t from 'tap';
import { RpcClient } from '#src/cli/rpc-client.js';
import { TINY_FOLDER } from '../fixtures/tiny-weights.js';
import { failureOf, MODEL, startOpenAiNode, user } from './openai-node.js';

const { client, url } = await startOpenAiNode(t);
const PERU = { model: MODEL, messages: [user('What is the capital of Peru?')], temperature: 0 };
const ANSWER = 'The capital of Peru is Lima.';
const STORY = { model: MODEL, messages: [user('Tell me a story')], max_tokens: 24 };

const llama = await getLlama({ gpu: false, build: 'never', progressLogs: false });
const tokenizer = await llama.loadModel({
  modelPath: `${TINY_FOLDER}/atoma-tiny.Q8_0.gguf`,
  vocabOnly: true,
});
t.teardown(() => tokenizer.dispose());
const count = (text: string): number => tokenizer.tokenize(text, true).length;

t.test('a chat is answered through its template, and its usage is what the tokenizer counts', async (t) => {
  const { data, response, request_id } = await client.chat.completions.create(PERU).withResponse();
  t.match(data, { object: 'chat.completion', model: MODEL, system_fingerprint: /^[0-9a-f]{64}$/ });
  const [choice] = data.choices;
  t.match(choice, { index: 0, finish_reason: 'stop', logprobs: null });
  t.same(choice?.message, { role: 'assistant', content: ANSWER, refusal: null });
  const prompt = '<|im_start|>user\nWhat is the capital of Peru?<|im_end|>\n<|im_start|>assistant\n';
  const usage = { prompt_tokens: count(prompt), completion_tokens: count(ANSWER) };
  t.same(data.usage, { ...usage, total_tokens: usage.prompt_tokens + usage.completion_tokens });
  t.equal(data.id, `chatcmpl-${request_id}`);
  t.match(response.headers.get('openai-processing-ms'), /^\d+$/);
});

t.test('all roles, and content in parts, reach the template', async (t) => {
  const { usage } = await client.chat.completions.create({
    ...PERU,
    messages: [
      { role: 'developer', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Hello' },
          { type: 'text', text: 'you' },
        ],
      },
      { role: 'assistant', content: 'Hi.' },
      user('What is the capital of Peru?'),
    ],
  });
  const turns = [
    ['system', 'Be brief.'],
    ['user', 'Hello\nyou'],
    ['assistant', 'Hi.'],
    ['user', 'What is the capital of Peru?'],
  ].map(([role, content]) => `<|im_start|>${role}\n${content}<|im_end|>\n`);
  t.equal(usage?.prompt_tokens, count(`${turns.join('')}<|im_start|>assistant\n`));
});

t.test('a stream gives the same answer in pieces, with its usage at the end', async (t) => {
  const whole = await client.chat.completions.create({ ...STORY, seed: 5 });
  const stream = await client.chat.completions.create({
    ...{ ...STORY, seed: 5, stream: true as const },
    stream_options: { include_usage: true },
  });
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  t.ok(chunks.length > 4, 'tokens come as they are made');
  t.equal(new Set(chunks.map(({ id }) => id)).size, 1);
  const texts = chunks.map(({ choices }) => choices[0]?.delta.content ?? '');
  t.equal(texts.join(''), whole.choices[0]?.message.content);
  t.equal(chunks[0]?.choices[0]?.delta.role, 'assistant');
  t.equal(chunks.at(-2)?.choices[0]?.finish_reason, 'length');
  t.ok(chunks.slice(0, -1).every(({ usage }) => usage === null));
  t.same(chunks.at(-1)?.choices, []);
  t.same(chunks.at(-1)?.usage, whole.usage);
  const helper = client.chat.completions.stream({ ...PERU, stream: true });
  t.equal(await helper.finalContent(), ANSWER);
});

t.test('a seed and a fingerprint tell that an answer comes again; without a seed they differ', async (t) => {
  const ask = (seed?: number) =>
    client.chat.completions.create({ ...STORY, ...(seed !== undefined && { seed }) });
  const [one, same, other, free, freer] = await Promise.all([ask(1), ask(1), ask(2), ask(), ask()]);
  const text = (answer: typeof one) => answer.choices[0]?.message.content;
  t.equal(text(one), text(same));
  t.equal(one.system_fingerprint, same.system_fingerprint);
  t.not(text(one), text(other));
  t.not(text(free), text(freer));
});

t.test('n answers are what n requests with the seeds after one another give', async (t) => {
  const { choices, usage } = await client.chat.completions.create({ ...STORY, n: 3, seed: 1 });
  t.equal(choices.length, 3);
  const single = await client.chat.completions.create({ ...STORY, seed: 2 });
  t.equal(choices[1]?.message.content, single.choices[0]?.message.content);
  t.equal(usage?.prompt_tokens, single.usage?.prompt_tokens, 'the prompt counts once');
  const stream = await client.chat.completions.create({ ...STORY, n: 3, seed: 1, stream: true });
  const texts = ['', '', ''];
  for await (const {
    choices: [choice],
  } of stream) {
    if (choice !== undefined) texts[choice.index] += choice.delta.content ?? '';
  }
  t.same(
    texts,
    choices.map(({ message }) => message.content),
  );
});

t.test('an answer ends before a stop text, of which a stream shows nothing', async (t) => {
  for (const stop of ['Peru', ['no such text', ' is Li']]) {
    const { choices } = await client.chat.completions.create({ ...PERU, stop });
    const expected = stop === 'Peru' ? 'The capital of ' : 'The capital of Peru';
    t.match(choices[0], { finish_reason: 'stop', message: { content: expected } });
    const stream = await client.chat.completions.create({ ...PERU, stop, stream: true });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    t.equal(text, expected);
  }
});

t.test('limits of tokens, by both names, cut an answer', async (t) => {
  for (const limit of [{ max_tokens: 3 }, { max_completion_tokens: 3 }]) {
    const { choices, usage } = await client.chat.completions.create({ ...PERU, ...limit });
    t.equal(choices[0]?.finish_reason, 'length');
    t.equal(usage?.completion_tokens, 3);
  }
});

t.test('log-probabilities come with each token, whole and in a stream alike', async (t) => {
  const asked = { ...PERU, logprobs: true, top_logprobs: 3 };
  const { choices, usage } = await client.chat.completions.create(asked);
  const content = choices[0]?.logprobs?.content ?? [];
  t.equal(content.length, usage?.completion_tokens);
  t.equal(content.map(({ token }) => token).join(''), ANSWER);
  for (const { logprob, bytes, token, top_logprobs } of content) {
    t.ok(logprob <= 0);
    t.equal(Buffer.from(bytes ?? []).toString(), token);
    t.equal(top_logprobs.length, 3);
    t.equal(top_logprobs[0]?.token, token, 'greedy takes the likeliest');
  }
  const stream = await client.chat.completions.create({ ...asked, stream: true });
  const streamed = [];
  for await (const chunk of stream) streamed.push(...(chunk.choices[0]?.logprobs?.content ?? []));
  t.same(streamed, content);
});

t.test('penalties change what is said', async (t) => {
  const drawn = { ...STORY, temperature: 1.5, seed: 3, max_tokens: 60 };
  const plain = await client.chat.completions.create(drawn);
  for (const penalty of [{ frequency_penalty: 2 }, { presence_penalty: 2 }]) {
    const { choices } = await client.chat.completions.create({ ...drawn, ...penalty });
    t.not(choices[0]?.message.content, plain.choices[0]?.message.content);
  }
});

t.test('an answer is JSON where JSON is asked for, and of a schema where one is given', async (t) => {
  const schema = {
    type: 'object',
    properties: { city: { enum: ['Lima', 'Quito'] }, people: { type: 'integer', minimum: 0, maximum: 99 } },
    required: ['city', 'people'],
    additionalProperties: false,
  };
  const { choices } = await client.chat.completions.create({
    ...PERU,
    response_format: { type: 'json_schema', json_schema: { name: 'place', schema, strict: true } },
  });
  const place = JSON.parse(choices[0]?.message.content ?? '');
  t.match(place, { city: /^(Lima|Quito)$/, people: Number });
  const free = await client.chat.completions.create({
    ...PERU,
    max_tokens: 200,
    response_format: { type: 'json_object' },
  });
  t.match(free.choices[0]?.message.content, /^\{/);
  const refused = client.chat.completions.create({
    ...PERU,
    response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object', not: {} } } },
  });
  t.match(await failureOf(refused), { status: 400, code: 'grammar_unsupported' });
});

t.test('a request id of the client names the stream for readers over WebSocket', async (t) => {
  const rpc = await RpcClient.connect(url);
  t.teardown(() => rpc.close());
  const headers = { 'x-request-id': 'my-request.1' };
  const { request_id, data } = await client.chat.completions.create(PERU, { headers }).withResponse();
  t.equal(request_id, 'my-request.1');
  const subscription = await rpc.call('atoma_subscribe', { request_id: 'my-request.1' });
  let text = '';
  await new Promise<void>((resolve) =>
    rpc.onFrames(String(subscription), (frame) => {
      text += frame.text;
      if (frame.done) resolve();
    }),
  );
  t.equal(text, data.choices[0]?.message.content);
  const odd = await client.chat.completions
    .create(PERU, { headers: { 'x-request-id': 'with spaces' } })
    .withResponse();
  t.match(odd.request_id, /^[0-9a-f-]{36}$/);
});
