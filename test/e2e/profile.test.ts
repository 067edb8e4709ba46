import { cpus } from 'node:os';
import t from 'tap';
import { modelSpec, params, TINY, TinyDevice } from '../fixtures/tiny-device.js';

const F16 = TINY.replace('Q8_0', 'F16');

t.test('pools of different sizes have one profile; other weights or batches another one', async (t) => {
  const device = TinyDevice.create(t);
  device.startEmpty();
  const load = (name: string, pool: Parameters<typeof modelSpec>[0]) =>
    device.load(modelSpec(pool, name), () => undefined);
  const one = await load('one', { sequences: 1 });
  const many = await load('many', { workers: 2, sequences: 5 });
  const f16 = await load('f16', { sequences: 2, file: F16 });
  const pieces = await load('pieces', { sequences: 2, batchSize: 8 });
  t.equal(many.profile.id, one.profile.id);
  t.match(one.profile, {
    ...{
      id: /^[0-9a-f]{64}$/,
      weights: /^[0-9a-f]{64}$/,
      engine: /^node-llama-cpp \d/,
      build: /^llama\.cpp .+ cpu/,
    },
    ...{ backend: 'llama', device: cpus()[0]?.model.trim(), threads: 1, contextSize: 512, batchSize: 512 },
    ...{ flashAttention: false, sampler: /./, verdict: /^(batch-invariant|exclusive)$/ },
  });
  t.equal(pieces.profile.batchSize, 8);
  t.equal(new Set([one, f16, pieces].map(({ profile }) => profile.id)).size, 3);
  t.match(one.verdictReason, /\w/);
  for (const { name, profile } of [one, many, f16, pieces]) {
    const { completion } = await device.ask({ ...params('Once'), model: name, maxTokens: 2n });
    t.equal(completion.profile, profile.id, 'each answer says which profile made it');
  }
});
