import t from 'tap';
import type { ModelWeights } from '#src/core/index.js';
import { probeDeterminism } from '#src/workers/determinism/probe.js';
import { separateBatches } from '#src/workers/engines/llama/separate-batches.js';
import { startEngine } from '../fixtures/engine.js';
import { measureBatches } from '../fixtures/measured-batches.js';
import { TINY_F16, TINY_FOLDER } from '../fixtures/tiny-weights.js';

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

t.test('an engine without batches is invariant by the same probe', async (t) => {
  const engine = await startEngine(t, 'onnx');
  t.match(await probeDeterminism(engine, 4, () => undefined), { verdict: 'batch-invariant', failed: false });
});
