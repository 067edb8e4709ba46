import { NotFoundError, RateLimitError } from 'openai';
import t from 'tap';
import { failureOf, MODEL, startOpenAiNode, user } from './openai-node.js';

const POOL =
  'workers = 1\nsequences = 4\n[scheduler]\nmax_queued_requests = 2\nmax_request_wait_ms = 60000\n';
const { client, url } = await startOpenAiNode(t, POOL);
const STORY = { model: MODEL, prompt: 'Once upon a time' };
const LONG = { model: MODEL, messages: [user('Tell me a story')], temperature: 2, max_tokens: 480 };

t.test('models are listed and told one by one', async (t) => {
  const { data } = await client.models.list();
  t.same(data, [{ id: MODEL, object: 'model', created: 0, owned_by: 'atoma' }]);
  t.match(await client.models.retrieve(MODEL), { id: MODEL });
  const missing = await failureOf(client.models.retrieve('org/none'));
  t.ok(missing instanceof NotFoundError);
  t.match(missing, { code: 'model_not_found', param: 'model' });
});

t.test('a raw prompt is continued: 16 tokens, or as many as are asked for', async (t) => {
  const { choices, usage, object } = await client.completions.create({ ...STORY, temperature: 0 });
  t.equal(object, 'text_completion');
  t.equal(choices[0]?.finish_reason, 'length');
  t.match(usage, { prompt_tokens: 4, completion_tokens: 16, total_tokens: 20 });
  const stream = await client.completions.create({
    ...{ ...STORY, temperature: 0, max_tokens: 16, stream: true as const },
    stream_options: { include_usage: true },
  });
  let text = '';
  let last: unknown;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.text ?? '';
    last = chunk.usage;
  }
  t.equal(text, choices[0]?.text);
  t.match(last, { completion_tokens: 16 });
});

t.test('several prompts, several choices and echoes come in their order', async (t) => {
  const prompt = ['Once upon a time', 'One day'];
  const { choices, usage } = await client.completions.create({ ...STORY, prompt, n: 2, seed: 3, echo: true });
  t.same(
    choices.map(({ index }) => index),
    [0, 1, 2, 3],
  );
  t.same(
    choices.map(({ text }) => prompt.findIndex((each) => text.startsWith(each))),
    [0, 0, 1, 1],
  );
  const alone = await client.completions.create({ ...STORY, prompt: 'One day', n: 2, seed: 3, echo: true });
  t.same(
    choices.slice(2).map(({ text }) => text),
    alone.choices.map(({ text }) => text),
  );
  t.equal(usage?.completion_tokens, 64);
  const stream = await client.completions.create({
    ...STORY,
    prompt,
    n: 2,
    seed: 3,
    echo: true,
    stream: true,
  });
  const texts = ['', '', '', ''];
  for await (const chunk of stream) {
    for (const { index, text } of chunk.choices) texts[index] += text;
  }
  t.same(
    texts,
    choices.map(({ text }) => text),
  );
});

t.test('a prompt may be token ids', async (t) => {
  const greedy = { ...STORY, temperature: 0 };
  const { choices } = await client.completions.create({ ...greedy, logprobs: 2, max_tokens: 4 });
  const logprobs = choices[0]?.logprobs;
  t.equal(logprobs?.tokens?.join(''), choices[0]?.text);
  t.same(logprobs?.text_offset?.[0], 0);
  t.equal(logprobs?.token_logprobs?.length, 4);
  t.equal(Object.keys(logprobs?.top_logprobs?.[0] ?? {}).length, 2);
  const ids = await client.completions.create({ ...greedy, prompt: [79, 78, 67] });
  t.equal(ids.usage?.prompt_tokens, 3);
});

t.test('what cannot be done is refused by name', async (t) => {
  const refused = async (more: object, param: string | null, code = 'invalid_value'): Promise<void> => {
    const failure = await failureOf(client.completions.create({ ...STORY, ...more }));
    t.match(failure, { status: 400, type: 'invalid_request_error', param, code }, JSON.stringify(more));
  };
  await refused({ suffix: 'end' }, 'suffix', 'unsupported_parameter');
  await refused({ best_of: 3 }, 'best_of');
  await refused({ echo: true, logprobs: 1 }, 'echo');
  await refused({ logprobs: 6 }, 'logprobs');
  await refused({ prompt: [] }, 'prompt');
  await refused({ prompt: ['\ud800'] }, 'prompt');
  await refused({ n: 'two' }, 'n', 'invalid_type');
  await refused({ prompt: 'word '.repeat(2000) }, null, 'context_length_exceeded');
  await refused({ logit_bias: { 5: 1 } }, 'logit_bias', 'unsupported_parameter');
  const harmless = { logit_bias: {}, suffix: null, best_of: 1, user: 'me' };
  t.ok(await client.completions.create({ ...STORY, ...harmless }));
});

t.test('too much work is refused with 429 and the time to come back', async (t) => {
  const failure = await failureOf(client.chat.completions.create({ ...LONG, n: 16 }));
  t.ok(failure instanceof RateLimitError);
  if (!(failure instanceof RateLimitError)) return;
  t.match(failure, { status: 429, code: 'rate_limit_exceeded' });
  t.match(failure.headers?.get('retry-after'), /^[1-9]\d*$/);
  const streamed = client.chat.completions.create({ ...LONG, n: 16, stream: true });
  t.ok((await failureOf(streamed)) instanceof RateLimitError);
});

t.test('who has to wait is told where', async (t) => {
  const { response } = await client.chat.completions.create({ ...LONG, n: 5, max_tokens: 8 }).withResponse();
  t.equal(response.headers.get('x-queue-position'), '1');
  t.match(response.headers.get('x-expected-wait-ms'), /^\d+$/);
});

t.test('a client that goes away frees its sequence, and its neighbour goes on unchanged', async (t) => {
  const stayer = { ...LONG, seed: 11, max_tokens: 200 };
  const alone = await client.chat.completions.create(stayer);
  const leavers = await Promise.all(
    [1, 2, 3].map(() => client.chat.completions.create({ ...LONG, stream: true })),
  );
  const stream = await client.chat.completions.create({ ...stayer, stream: true });
  let text = '';
  for await (const chunk of stream) {
    for (const leaver of leavers) leaver.controller.abort();
    text += chunk.choices[0]?.delta.content ?? '';
  }
  t.equal(text, alone.choices[0]?.message.content);
  const after = await client.chat.completions.create({ ...LONG, n: 4, max_tokens: 4 });
  t.equal(after.choices.length, 4, 'all sequences are free again');
});

t.test('refusals below /v1 have the form of OpenAI, and an id', async (t) => {
  const post = (body: string, type = 'application/json') =>
    fetch(`${url}/v1/chat/completions`, { method: 'POST', headers: { 'content-type': type }, body });
  const cases: readonly [Promise<Response>, number, string][] = [
    [post('{"model":'), 400, 'invalid_json'],
    [post('x', 'text/plain'), 415, 'unsupported_media_type'],
    [post(`{"model":"${'x'.repeat(1_100_000)}"}`), 413, 'request_too_large'],
    [post(`${'['.repeat(1000)}${']'.repeat(1000)}`), 400, 'invalid_request'],
    [fetch(`${url}/v1/nothing`), 404, 'unknown_url'],
    [fetch(`${url}/v1/models`, { headers: { origin: 'https://evil.example' } }), 403, 'origin_refused'],
  ];
  for (const [asked, status, code] of cases) {
    const response = await asked;
    t.equal(response.status, status, code);
    t.match(response.headers.get('x-request-id'), /^[0-9a-f-]{36}$/);
    t.match(await response.json(), { error: { message: String, type: String, param: null, code } });
  }
});
