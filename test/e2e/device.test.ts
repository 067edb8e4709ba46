import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import type { Completion, PromptParams, TokenFrame } from '#src/core/index.js';
import { DeviceProcess } from '#src/workers/index.js';

const FILE = fileURLToPath(new URL('../../../models/atoma-tiny/atoma-tiny.Q8_0.gguf', import.meta.url));
const logger = pino({ level: 'silent' });

async function device(t: Test, pool: { workers?: number; sequences?: number; file?: string } = {}) {
  const process = new DeviceProcess(
    {
      device: 'cpu',
      models: [
        {
          name: 'tiny',
          file: pool.file ?? FILE,
          useFlashAttention: false,
          workers: pool.workers ?? 1,
          sequences: pool.sequences ?? 4,
          contextSize: undefined,
          batchSize: undefined,
          threads: 1,
        },
      ],
    },
    { logger },
  );
  t.teardown(() => process.stop());
  return process;
}

const started = async (t: Test, pool: { workers?: number; sequences?: number } = {}) => {
  const process = await device(t, pool);
  await process.start(
    () => undefined,
    () => undefined,
  );
  return process;
};

const params = (prompt: string, change: Partial<PromptParams> = {}): PromptParams => ({
  model: 'tiny',
  prompt,
  prePromptTokens: [],
  prependOutputWithInput: false,
  maxTokens: 64n,
  randomSeed: 7n,
  repeatLastN: 64n,
  repeatPenalty: 1,
  shouldStreamOutput: true,
  temperature: 0,
  topK: 0n,
  topP: 1,
  ...change,
});

const chat = (question: string): string => `<|im_start|>user\n${question}<|im_end|>\n<|im_start|>assistant\n`;

async function run(on: DeviceProcess, prompt: PromptParams, signal = new AbortController().signal) {
  const frames: TokenFrame[] = [];
  const completion: Completion = await on.run(
    { id: 'j', params: prompt },
    { signal, onTokens: (frame) => frames.push(frame) },
  );
  return { completion, frames };
}

/** Nearly uniform choices with a seed under which no end token comes up. */
const ENDLESS = { temperature: 50, randomSeed: 1n, maxTokens: 500n };

const shared = started(t);

t.test('the model answers, and its frames add up to the answer', async (t) => {
  const on = await shared;
  const { completion, frames } = await run(on, params(chat('What is the capital of Peru?')));
  t.equal(completion.text, 'The capital of Peru is Lima.');
  t.equal(completion.finishReason, 'stop');
  t.equal(completion.inputTokens, 17);
  t.equal(frames.map(({ text }) => text).join(''), completion.text);
  t.strictSame(
    frames.flatMap(({ tokens }) => tokens),
    completion.tokens,
  );
  let next = 0;
  for (const frame of frames) {
    t.equal(frame.index, next);
    next += frame.tokens.length;
  }
});

t.test('pre_prompt_tokens continue an earlier turn as if it were one prompt', async (t) => {
  const on = await shared;
  const first = await run(on, params('Once upon a time', { maxTokens: 8n }));
  const whole = await run(on, params('Once upon a time', { maxTokens: 16n }));
  const prompt = await run(
    on,
    params('', { prePromptTokens: whole.completion.tokens.slice(0, 8), maxTokens: 1n }),
  );
  t.equal(prompt.completion.inputTokens, 8);
  t.strictSame(first.completion.tokens, whole.completion.tokens.slice(0, 8));
  await t.rejects(run(on, params('x', { prePromptTokens: [1, 99_999] })), {
    code: 'invalid_params',
    message: /99999/,
  });
});

t.test('seeds count with all 64 bits, and the same seed gives the same answer', async (t) => {
  const on = await shared;
  const story = (randomSeed: bigint) =>
    run(on, params('Once upon a time', { temperature: 1, randomSeed })).then(
      ({ completion }) => completion.text,
    );
  const low = await story(1n);
  t.equal(await story(1n), low);
  t.not(await story(1n + (1n << 40n)), low);
  t.not(await story((1n << 64n) - 1n), low);
});

t.test('sampling params mean what the contract says', async (t) => {
  const on = await shared;
  const text = async (change: Partial<PromptParams>) =>
    (await run(on, params('Once upon a time', { maxTokens: 24n, ...change }))).completion.text;
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
  const none = await run(on, params('Once upon a time', { maxTokens: 0n }));
  t.match(none.completion, { text: '', tokens: [], finishReason: 'length' });
  t.ok(none.completion.inputTokens > 0);
  const all = await run(
    on,
    params('1 2 3 4', { maxTokens: (1n << 64n) - 1n, temperature: 2, randomSeed: 5n }),
  );
  t.ok(all.completion.inputTokens + all.completion.tokens.length <= 512);
  await t.rejects(run(on, params('word '.repeat(1000))), {
    code: 'prompt_too_long',
    fields: { promptTokens: Number, contextSize: 512 },
  });
  await t.rejects(run(on, params('x', { temperature: Number.NaN })), {
    code: 'invalid_params',
    message: /temperature/,
  });
  await t.rejects(run(on, params('x', { repeatPenalty: -1 })), {
    code: 'invalid_params',
    message: /repeat_penalty/,
  });
});

t.test('characters that span tokens come out whole', async (t) => {
  const on = await shared;
  // At this temperature the model picks byte tokens, halves of characters among them.
  const { completion, frames } = await run(
    on,
    params('é😀é😀é😀é😀', { temperature: 50, maxTokens: 200n, randomSeed: 3n }),
  );
  t.equal(frames.map(({ text }) => text).join(''), completion.text);
  t.notMatch(completion.text, /\p{Surrogate}/u, 'no half of a surrogate pair');
  t.match(completion.text, /\uFFFD/, 'bytes that are no UTF-8 show as replacement characters');
});

t.test('eight at once answer as each alone does', async (t) => {
  const on = await started(t, { workers: 2, sequences: 4 });
  const questions = [
    'What is 3 plus 4?',
    'What is Atoma?',
    'What is the capital of Peru?',
    'What is 2 plus 2?',
  ];
  const prompts = [...questions, ...questions].map((question) => params(chat(question)));
  const alone: string[] = [];
  for (const prompt of prompts) alone.push((await run(on, prompt)).completion.text);
  const together = await Promise.all(prompts.map((prompt) => run(on, prompt)));
  t.strictSame(
    together.map(({ completion }) => completion.text),
    alone,
  );
});

t.test('a cancelled job stops within a token and frees its sequence', async (t) => {
  const on = await started(t, { sequences: 1 });
  const abort = new AbortController();
  let seen = 0;
  const running = on.run(
    { id: 'long', params: params('Once upon a time', ENDLESS) },
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
  t.equal((await run(on, params(chat('What is 3 plus 4?')))).completion.text, '3 plus 4 is 7.');
});

t.test('what does not load is named', async (t) => {
  const on = await device(t, { file: `${FILE}.missing` });
  await t.rejects(
    on.start(
      () => undefined,
      () => undefined,
    ),
    { code: 'model_load_failed', message: /missing/ },
  );
});
