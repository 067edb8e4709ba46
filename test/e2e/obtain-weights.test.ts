import t from 'tap';
import { findWeights, obtainWeights } from '#src/node/obtain-weights.js';
import { planBackend } from '#src/workers/index.js';
import { startHub, storeOf, tempCache } from '../fixtures/model-store.js';

const ENGINES = { llama: { works: true }, onnx: { works: true } } as const;
const ON_GPU = planBackend('auto', { gpu: 'cuda' }, ENGINES);
const ON_CPU = planBackend('auto', { gpu: false }, ENGINES);
const OPTIONS = { signal: new AbortController().signal, onProgress: () => undefined };
const MODEL = { name: 'm', modelType: 'own/model', precision: 'f16', revision: 'main' };
const ONNX = {
  'config.json': '{}',
  'tokenizer.json': '{}',
  'tokenizer_config.json': '{}',
  'onnx/model_fp16.onnx': 'graph',
};

t.test('on a GPU, ONNX weights that are here do not keep the GGUF ones from being taken', async (t) => {
  const hub = await startHub(t);
  hub.add('own/model', { ...ONNX, 'model.F16.gguf': 'weights' });
  const store = storeOf(t, hub, await tempCache(t));
  t.equal((await store.pull(MODEL, ['onnx'], OPTIONS)).weights.format, 'onnx');

  t.equal((await obtainWeights(store, MODEL, ON_CPU, OPTIONS)).weights.format, 'onnx');
  t.equal(await findWeights(store, MODEL, ON_GPU), undefined, 'something is to be downloaded');
  t.equal((await obtainWeights(store, MODEL, ON_GPU, OPTIONS)).weights.format, 'gguf');
  t.equal((await findWeights(store, MODEL, ON_GPU))?.weights.format, 'gguf');
});

t.test('a model that has ONNX weights alone is taken for a GPU, too', async (t) => {
  const hub = await startHub(t);
  hub.add('own/model', ONNX);
  const store = storeOf(t, hub, await tempCache(t));
  t.equal((await obtainWeights(store, MODEL, ON_GPU, OPTIONS)).weights.format, 'onnx');
  const wrong = { ...MODEL, precision: 'q4_k_m' };
  await t.rejects(obtainWeights(store, wrong, ON_GPU, OPTIONS), {
    code: 'model_not_found',
    message: /gguf/i,
  });
});
