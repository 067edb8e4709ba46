import t from 'tap';
import { requireFit } from '#src/workers/hardware/check-fit.js';
import { kvCacheBytes } from '#src/workers/hardware/kv-cache.js';
import { fitWorkers, planOf } from '#src/workers/hardware/planned-model.js';

const GIB = 1024 ** 3;

/** A model of 4 GiB whose workers have 8 sequences of half a GiB each. */
function plan(availableGiB: number, workers: number, weightsShared = false) {
  const each = {
    place: 'gpu',
    weightsBytes: 4 * GIB,
    kvCacheBytes: 4 * GIB,
    computeBytes: GIB,
    availableBytes: availableGiB * GIB,
    sequences: 8,
    contextSize: 4096,
    weightsShared,
  } as const;
  return planOf(each, workers);
}

t.test('what fits is let through, to the last byte', async (t) => {
  requireFit('m', plan(9, 1));
  requireFit('m', plan(14, 2, true));
  t.throws(() => requireFit('m', { ...plan(9, 1), availableBytes: 9 * GIB - 1 }));
});

t.test('a refusal has every number, and what would fit', async (t) => {
  t.throws(() => requireFit('m', plan(7.5, 1)), {
    code: 'insufficient_memory',
    message:
      /^m needs 9\.0 GiB of GPU memory, 7\.5 GiB are free: weights 4\.0 GiB, KV cache 4\.0 GiB \(8 sequences of 4096 tokens\), compute buffers 1\.0 GiB, for 1 worker\. pool\.sequences = 5 would fit.*context_size.*precision.*device/,
    fields: {
      model: 'm',
      totalBytes: 9 * GIB,
      availableBytes: 7.5 * GIB,
      weightsBytes: 4 * GIB,
      kvCacheBytes: 4 * GIB,
      computeBytes: GIB,
      workers: 1,
      sequences: 8,
      contextSize: 4096,
    },
  });
  t.throws(() => requireFit('m', plan(9.5, 2)), { message: /for 2 workers\. pool\.workers = 1 would fit/ });
  t.throws(() => requireFit('m', plan(3, 2)), { message: /Set pool\.workers = 1, and lower/ });
});

t.test('as many workers as fit, one at least', async (t) => {
  t.equal(fitWorkers(plan(30, 4)).workers, 3);
  t.strictSame(fitWorkers(plan(30, 4)), plan(30, 3));
  t.equal(fitWorkers(plan(30, 8, true)).workers, 5, 'weights that are shared count once');
  t.strictSame(fitWorkers(plan(100, 4)), plan(100, 4));
  t.equal(fitWorkers(plan(1, 4)).workers, 1);
});

t.test('KV caches of known models', async (t) => {
  const llama3 = { block_count: 32, embedding_length: 4096, attention: { head_count: 32, head_count_kv: 8 } };
  t.equal(kvCacheBytes(llama3, 8192), GIB);
  const gemma = {
    block_count: 18,
    embedding_length: 2048,
    attention: { head_count: 8, head_count_kv: 1, key_length: 256, value_length: 256 },
  };
  t.equal(kvCacheBytes(gemma, 1), 18 * 512 * 2);
  const hybrid = {
    block_count: 4,
    embedding_length: 64,
    attention: { head_count: 4, head_count_kv: [0, 2, 0, 2] },
  };
  t.equal(kvCacheBytes(hybrid, 1), 4 * 32 * 2);
  t.equal(
    kvCacheBytes({ block_count: 4, embedding_length: 64, attention: { head_count: 0 } }, 9),
    0,
    'none in Mamba',
  );
});
