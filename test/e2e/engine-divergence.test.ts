import t from 'tap';
import type { Backend, PromptParams } from '#src/core/index.js';
import type { EngineCompletion, RunMode } from '#src/workers/engines/engine.js';
import { startEngine } from '../fixtures/engine.js';
import { chat, params } from '../fixtures/tiny-device.js';

const QUIET = { isCancelled: () => false, onToken: () => undefined };
/** Its greedy answer ends by itself. */
const GREEDY = params(chat('What is the capital of Peru?'), { maxTokens: 200n });
const DRAWN: readonly PromptParams[] = [
  params('Once upon a time', { temperature: 1.5, randomSeed: 3n, topK: 20n, topP: 0.9, maxTokens: 24n }),
  params('Once upon a time', { temperature: 2, repeatPenalty: 1.3, maxTokens: 24n }),
];

for (const backend of ['llama', 'onnx'] satisfies Backend[]) {
  t.test(backend, async (t) => {
    const engine = await startEngine(t, backend);
    const run = (prompt: PromptParams, mode?: RunMode): Promise<EngineCompletion> =>
      engine.generate(prompt, QUIET, mode);

    t.test('an answer that is given again agrees, to its end', async (t) => {
      for (const prompt of [GREEDY, ...DRAWN]) {
        const { text, tokens, finishReason } = await run(prompt);
        const again = await run(prompt, { expected: tokens });
        t.match(again, { text, tokens, finishReason });
        t.equal(again.divergence, undefined);
      }
    });

    t.test('a token that was altered is found, with both probabilities', async (t) => {
      for (const prompt of [GREEDY, ...DRAWN]) {
        const { tokens } = await run(prompt);
        const index = Math.floor(tokens.length / 2);
        const other = (tokens[index] ?? 0) === 600 ? 601 : 600;
        const { divergence, tokens: agreed } = await run(prompt, { expected: tokens.with(index, other) });
        t.match(divergence, { index, token: tokens[index], expected: other });
        t.same(agreed, tokens.slice(0, index), 'the answer ends before it');
        const { probability = 0, expectedProbability = 1 } = divergence ?? {};
        t.ok(probability > 0 && probability <= 1);
        t.ok(expectedProbability >= 0 && expectedProbability <= 1 - probability + 1e-6);
      }
      const { tokens } = await run(GREEDY);
      const { divergence } = await run(GREEDY, { expected: [600] });
      t.equal(divergence?.token, tokens[0]);
      t.ok(
        (divergence?.probability ?? 0) > (divergence?.expectedProbability ?? 1),
        'greedy takes the likeliest',
      );
    });

    t.test('an answer that ends earlier or later than this run differs at its end', async (t) => {
      const { tokens } = await run(GREEDY);
      const short = await run(GREEDY, { expected: tokens.slice(0, -2) });
      t.match(short.divergence, { index: tokens.length - 2, token: tokens.at(-2), expected: undefined });
      t.ok((short.divergence?.expectedProbability ?? 1) < 0.5, 'to end there was possible, not chosen');
      const long = await run(GREEDY, { expected: [...tokens, 600] });
      t.match(long.divergence, { index: tokens.length, token: undefined, expected: 600 });
      t.ok((long.divergence?.probability ?? 0) > 0.5, 'to end is what it chose');
      const cut = await run({ ...GREEDY, maxTokens: 3n }, { expected: tokens });
      t.same(cut.divergence, {
        ...{ index: 3, token: undefined, expected: tokens[3] },
        ...{ probability: 1, expectedProbability: 0 },
        ...{ text: '', expectedText: ' P' },
      });
    });
  });
}

t.test('both backends tell about the same probabilities', async (t) => {
  const prompt = DRAWN[0] ?? GREEDY;
  const found = await Promise.all(
    (['llama', 'onnx'] satisfies Backend[]).map(async (backend) => {
      const engine = await startEngine(t, backend);
      const { tokens } = await engine.generate(prompt, QUIET);
      const best = await engine.generate({ ...prompt, temperature: 0 }, QUIET);
      // The likeliest token in place of the first one that was drawn otherwise.
      const index = tokens.findIndex((token, at) => token !== best.tokens[at]);
      const expected = tokens.with(index, best.tokens[index] ?? 0);
      return (await engine.generate(prompt, QUIET, { expected })).divergence;
    }),
  );
  const [llama, onnx] = found;
  t.equal(llama?.token, onnx?.token);
  for (const key of ['probability', 'expectedProbability'] as const) {
    t.ok(Math.abs((llama?.[key] ?? 0) - (onnx?.[key] ?? 1)) < 0.02, `${key} ${llama?.[key]} ${onnx?.[key]}`);
  }
});
