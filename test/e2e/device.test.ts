import t from 'tap';
import type { PromptParams, TokenFrame } from '#src/core/index.js';
import { chat, ENDLESS, jobOf, params, TINY, TinyDevice } from '../fixtures/tiny-device.js';

const shared = TinyDevice.started(t);

t.test('the model answers, and its frames add up to the answer', async (t) => {
  const on = await shared;
  const { completion, frames } = await on.ask(params(chat('What is the capital of Peru?')));
  t.equal(completion.text, 'The capital of Peru is Lima.');
  t.equal(completion.finishReason, 'stop');
  t.equal(completion.inputTokens, 17);
  t.equal(frames.map(({ text }) => text).join(''), completion.text);
  t.strictSame(
    frames.flatMap(({ tokens }) => tokens),
    completion.tokens,
  );
  t.match(on.models[0]?.chatTemplate, { source: /im_start/, bosText: String, eosText: String });
  let next = 0;
  for (const frame of frames) {
    t.equal(frame.index, next);
    next += frame.tokens.length;
  }
});

t.test('pre_prompt_tokens continue an earlier turn as if it were one prompt', async (t) => {
  const on = await shared;
  const first = await on.ask(params('Once upon a time', { maxTokens: 8n }));
  const whole = await on.ask(params('Once upon a time', { maxTokens: 16n }));
  const prompt = await on.ask(
    params('', { prePromptTokens: whole.completion.tokens.slice(0, 8), maxTokens: 1n }),
  );
  t.equal(prompt.completion.inputTokens, 8);
  t.strictSame(first.completion.tokens, whole.completion.tokens.slice(0, 8));
  await t.rejects(on.ask(params('x', { prePromptTokens: [1, 99_999] })), {
    code: 'invalid_params',
    message: /99999/,
  });
});

t.test('seeds count with all 64 bits, and the same seed gives the same answer', async (t) => {
  const on = await shared;
  const story = (randomSeed: bigint) =>
    on
      .ask(params('Once upon a time', { temperature: 1, randomSeed }))
      .then(({ completion }) => completion.text);
  const low = await story(1n);
  t.equal(await story(1n), low);
  t.not(await story(1n + (1n << 40n)), low);
  t.not(await story((1n << 64n) - 1n), low);
});

t.test('sampling params mean what the contract says', async (t) => {
  const on = await shared;
  const text = async (change: Partial<PromptParams>) =>
    (await on.ask(params('Once upon a time', { maxTokens: 24n, ...change }))).completion.text;
  const greedy = await text({});
  t.equal(await text({ temperature: 1, topK: 1n }), greedy, 'top_k 1 is greedy');
  t.equal(await text({ temperature: 1, topP: 1e-6 }), greedy, 'a tiny top_p is greedy');
  t.equal(await text({ repeatPenalty: 1.5, repeatLastN: 0n }), greedy, 'a penalty over no tokens is off');
  t.not(
    await text({ repeatPenalty: 100, repeatLastN: 1n << 63n }),
    greedy,
    'a penalty over all tokens is not',
  );
  t.not(await text({ temperature: 1.5, topK: 0n }), greedy, 'top_k 0 is off');
});

t.test('max_tokens 0, beyond the context, and a prompt that does not fit', async (t) => {
  const on = await shared;
  const none = await on.ask(params('Once upon a time', { maxTokens: 0n }));
  t.match(none.completion, { text: '', tokens: [], finishReason: 'length' });
  t.ok(none.completion.inputTokens > 0);
  const all = await on.ask(
    params('1 2 3 4', { maxTokens: (1n << 64n) - 1n, temperature: 2, randomSeed: 5n }),
  );
  t.ok(all.completion.inputTokens + all.completion.tokens.length <= 512);
  await t.rejects(on.ask(params('word '.repeat(1000))), {
    code: 'prompt_too_long',
    fields: { promptTokens: Number, contextSize: 512 },
  });
  await t.rejects(on.ask(params('x', { temperature: Number.NaN })), {
    code: 'invalid_params',
    message: /temperature/,
  });
  await t.rejects(on.ask(params('x', { repeatPenalty: -1 })), {
    code: 'invalid_params',
    message: /repeat_penalty/,
  });
});

t.test('characters that span tokens come out whole', async (t) => {
  const on = await shared;
  // At this temperature the model picks byte tokens, halves of characters among them.
  const { completion, frames } = await on.ask(
    params('é😀é😀é😀é😀', { temperature: 50, maxTokens: 200n, randomSeed: 3n }),
  );
  t.equal(frames.map(({ text }) => text).join(''), completion.text);
  t.notMatch(completion.text, /\p{Surrogate}/u, 'no half of a surrogate pair');
  t.match(completion.text, /\uFFFD/, 'bytes that are no UTF-8 show as replacement characters');
});

t.test('eight at once answer as each alone does', async (t) => {
  const on = await TinyDevice.started(t, { pool: { workers: 2, sequences: 4 } });
  const questions = [
    'What is 3 plus 4?',
    'What is Atoma?',
    'What is the capital of Peru?',
    'What is 2 plus 2?',
  ];
  const prompts = [...questions, ...questions].map((question) => params(chat(question)));
  const alone: string[] = [];
  for (const prompt of prompts) alone.push((await on.ask(prompt)).completion.text);
  const together = await Promise.all(prompts.map((prompt) => on.ask(prompt)));
  t.strictSame(
    together.map(({ completion }) => completion.text),
    alone,
  );
});

t.test('a cancelled job stops within a token and frees its sequence', async (t) => {
  const on = await TinyDevice.started(t, { pool: { sequences: 1 } });
  const abort = new AbortController();
  let seen = 0;
  const running = on.run(
    { id: 'long', params: params('Once upon a time', ENDLESS), reproducible: false },
    {
      signal: abort.signal,
      onTokens: () => {
        seen++;
        abort.abort();
      },
    },
  );
  await t.rejects(running, { code: 'cancelled' });
  t.ok(seen < 50, `${seen} frames after the cancellation of the first`);
  t.equal((await on.ask(params(chat('What is 3 plus 4?')))).completion.text, '3 plus 4 is 7.');
});

t.test('a stream has the logprobs of its tokens, and nothing of a stop text', async (t) => {
  const on = await shared;
  const extras = { topLogprobs: 2, stop: [' is L'] };
  const frames: TokenFrame[] = [];
  const completion = await on.run(
    { ...jobOf(params(chat('What is the capital of Peru?'))), extras },
    { signal: new AbortController().signal, onTokens: (frame) => frames.push(frame) },
  );
  t.match(completion, { text: 'The capital of Peru', finishReason: 'stop', stopText: ' is L' });
  t.equal(frames.map(({ text }) => text).join(''), completion.text);
  t.equal(completion.logprobs?.length, completion.tokens.length);
  t.same(
    frames.flatMap(({ logprobs = [] }) => logprobs),
    completion.logprobs,
  );
  for (const { tokens, logprobs = [] } of frames) t.equal(logprobs.length, tokens.length);
});

t.test('what does not load is named', async (t) => {
  const device = TinyDevice.create(t, { pool: { file: `${TINY}.missing` } });
  await t.rejects(device.begin(), { code: 'model_load_failed', message: /missing/ });
});
