import t, { type Test } from 'tap';
import type { PromptParams, RequestExtras } from '#src/core/index.js';
import type { Engine } from '#src/workers/engines/engine.js';
import { ask, askFor, startEngine } from '../fixtures/engine.js';
import { PINNED } from '../fixtures/pinned-prompts.js';
import { params } from '../fixtures/tiny-device.js';

async function engines(t: Test): Promise<{ llama: Engine; others: readonly Engine[] }> {
  const [llama, ...others] = [
    await startEngine(t, 'llama'),
    await startEngine(t, 'onnx'),
    await startEngine(t, 'wasm'),
  ];
  if (llama === undefined) throw new Error('no engine');
  return { llama, others };
}

const shared = engines(t);

t.test('greedy answers are the same from GGUF on llama.cpp and ONNX, native and WebAssembly', async (t) => {
  const { llama, others } = await shared;
  for (const { prompt } of PINNED) {
    const { timings: _, ...expected } = await ask(llama, params(prompt, { maxTokens: 200n }));
    for (const engine of others) t.match(await ask(engine, params(prompt, { maxTokens: 200n })), expected);
  }
});

/** Each with temperatures and limits under which choices are far enough apart for another rounding. */
const CHOICES: readonly Partial<PromptParams>[] = [
  { temperature: 0.8 },
  { temperature: 1 },
  { temperature: 1, topK: 40n },
  { temperature: 1, topP: 0.9 },
  { temperature: 0.8, topK: 20n, topP: 0.95, repeatPenalty: 1.3 },
  { repeatPenalty: 1.2 },
  { temperature: 1, repeatPenalty: 0.7, repeatLastN: 5n },
];
/** What a request may ask beyond the contract, with the same engines. */
const PENALTIES: readonly RequestExtras[] = [
  { frequencyPenalty: 1.5 },
  { presencePenalty: -1 },
  { frequencyPenalty: 0.5, presencePenalty: 2 },
];
/** A rounding error near the edge between two tokens changes the rest of an answer: seen in 1 of 245. */
const LEAST_EQUAL = 0.9;

t.test('a seed chooses the same answer on every backend', async (t) => {
  const { llama, others } = await shared;
  let asked = 0;
  let equal = 0;
  for (const { prompt } of PINNED.slice(1, 15).filter((_, index) => index % 3 === 0)) {
    for (const [index, change] of CHOICES.entries()) {
      const given = params(prompt, { ...change, randomSeed: BigInt(index), maxTokens: 40n });
      const expected = await ask(llama, given);
      for (const engine of others) {
        asked++;
        if ((await ask(engine, given)).tokens.join() === expected.tokens.join()) equal++;
      }
    }
  }
  t.ok(equal >= asked * LEAST_EQUAL, `${equal} of ${asked}`);
});

t.test(
  'penalties of the answer are the same on every backend, with and without a repeat penalty',
  async (t) => {
    const { llama, others } = await shared;
    let asked = 0;
    let equal = 0;
    for (const { prompt } of PINNED.slice(1, 9).filter((_, index) => index % 3 === 0)) {
      for (const extras of PENALTIES) {
        for (const change of [{}, { temperature: 0.8, repeatPenalty: 1.2 }]) {
          const given = params(prompt, { ...change, maxTokens: 40n });
          const expected = await askFor(llama, given, extras);
          for (const engine of others) {
            asked++;
            if ((await askFor(engine, given, extras)).tokens.join() === expected.tokens.join()) equal++;
          }
        }
      }
    }
    t.ok(equal >= asked * LEAST_EQUAL, `${equal} of ${asked}`);
  },
);

/** Rounding of the backends' own arithmetic, in natural logarithms. */
const LOGPROB_TOLERANCE = 0.02;

t.test('logprobs are about the same on every backend', async (t) => {
  const { llama, others } = await shared;
  for (const change of [{}, { temperature: 0.8, topK: 20n, topP: 0.95 }]) {
    const given = params(PINNED[2]?.prompt ?? '', { ...change, maxTokens: 20n });
    const expected = (await askFor(llama, given, { topLogprobs: 2 })).logprobs ?? [];
    for (const engine of others) {
      const { logprobs = [] } = await askFor(engine, given, { topLogprobs: 2 });
      t.equal(logprobs.length, expected.length);
      for (const [at, { token, logprob, bytes }] of logprobs.entries()) {
        t.match(expected[at], { token, bytes });
        t.ok(Math.abs((expected[at]?.logprob ?? -1e9) - logprob) < LOGPROB_TOLERANCE);
      }
    }
  }
});
