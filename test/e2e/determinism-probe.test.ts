import fc from 'fast-check';
import t from 'tap';
import type { ModelWeights } from '#src/core/index.js';
import type { LogitSource } from '#src/workers/determinism/logit-source.js';
import { probeDeterminism } from '#src/workers/determinism/probe.js';
import { separateBatches } from '#src/workers/engines/llama/separate-batches.js';
import { startEngine } from '../fixtures/engine.js';
import { measureBatches } from '../fixtures/measured-batches.js';
import { TINY_F16, TINY_FOLDER } from '../fixtures/tiny-weights.js';

const SEQUENCES = 6;
const Q8_0: ModelWeights = { format: 'gguf', file: `${TINY_FOLDER}/atoma-tiny.Q8_0.gguf`, bytes: 0 };

for (const [name, weights] of Object.entries({ Q8_0, F16: TINY_F16 })) {
  for (const batching of ['mixed', 'separate'] as const) {
    t.test(`${name}, batches ${batching}: the verdict is what this machine measures`, async (t) => {
      const strategy = batching === 'separate' ? separateBatches(512) : undefined;
      const measured = await measureBatches(weights.file, strategy);
      const engine = await startEngine(t, 'llama', { weights, batching });
      const { verdict, reason, failed } = await probeDeterminism(engine, 4, () => undefined);
      t.comment(`measured ${measured}; ${verdict}: ${reason}`);
      t.equal(failed, false);
      // The probe looks at more arrangements than the measurement: it may find what that does not, never less.
      if (measured !== 0) t.equal(verdict, 'exclusive');
      else if (batching === 'separate') t.equal(verdict, 'batch-invariant');
    });
  }
}

const LENGTHS_TOKENS = [1, 2, 3, 16, 17, 33, 34, 64, 65, 129, 256, 257, 300];
/** What a sequence gets, one after the other. */
const visits = fc.array(
  fc.record({
    length: fc.constantFrom(...LENGTHS_TOKENS),
    steps: fc.integer({ min: 0, max: 8 }),
    seed: fc.integer({ min: 1, max: 1e6 }),
  }),
  { minLength: 1, maxLength: 3 },
);

for (const [name, weights] of Object.entries({ Q8_0, F16: TINY_F16 })) {
  t.test(`${name}: where the verdict is batch-invariant, no company changes a bit`, async (t) => {
    const engine = await startEngine(t, 'llama', { weights });
    const { verdict } = await probeDeterminism(engine, SEQUENCES, () => undefined);
    if (verdict === 'exclusive') return t.comment('it is exclusive here');
    const [many, one] = [await engine.openLogits(SEQUENCES, 512), await engine.openLogits(1, 512)];
    t.teardown(() => Promise.all([many.dispose(), one.dispose()]));
    const company = fc.array(visits, { minLength: 2, maxLength: SEQUENCES });
    await fc.assert(
      fc.asyncProperty(company, async (plans) => {
        const stays = plans.map((plan, sequence) => visit(many, sequence, plan));
        for (const [at, found] of (await Promise.all(stays)).entries()) {
          const alone = await visit(one, 0, plans[at] ?? []);
          t.ok(Buffer.compare(Buffer.concat(found), Buffer.concat(alone)) === 0);
        }
      }),
      { numRuns: 6 },
    );
  });
}

type Visit = { readonly length: number; readonly steps: number; readonly seed: number };

/** The bytes of the logits after each prompt, and after each token that follows it. */
async function visit(source: LogitSource, sequence: number, plan: readonly Visit[]): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  for (const { length, steps, seed } of plan) {
    // Any ids below the special ones of the demo model.
    const token = (at: number): number => 260 + ((seed * (at + 7) * 31) % 700);
    const prompt = Array.from({ length }, (_, at) => token(at));
    const next = Array.from({ length: steps }, (_, at) => [token(length + at)]);
    for (const tokens of [prompt, ...next]) {
      const { buffer } = await source.evaluate(sequence, tokens);
      found.push(new Uint8Array(buffer));
    }
    await source.clear(sequence);
  }
  return found;
}

t.test('an engine without batches is invariant by the same probe', async (t) => {
  const engine = await startEngine(t, 'onnx');
  t.match(await probeDeterminism(engine, 4, () => undefined), { verdict: 'batch-invariant', failed: false });
});
