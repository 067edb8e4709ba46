import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { WeightsFormat } from '#src/core/index.js';
import { ModelStore } from '#src/models/index.js';

const store = new ModelStore({ cacheDir: '/nowhere', apiKey: undefined, env: {} });

async function weights(modelType: string, precision: string, formats: readonly WeightsFormat[] = ['gguf']) {
  return (await store.find({ name: 'm', modelType, precision, revision: 'main' }, formats))?.weights;
}

t.test('a folder is searched for the precision, whole and without regard to case', async (t) => {
  const dir = t.testdir({ 'M.Q4_K.gguf': 'four', 'M.Q4_K_M.gguf': '', 'm-F16.gguf': '', 'README.md': '' });
  t.same(await weights(dir, 'q4_k'), { format: 'gguf', file: join(dir, 'M.Q4_K.gguf'), bytes: 4 });
  t.match(await weights(dir, 'Q4_K_M'), { file: join(dir, 'M.Q4_K_M.gguf') });
  t.match(await weights(dir, 'fp16'), { file: join(dir, 'm-F16.gguf') });
  await t.rejects(weights(dir, 'q8_0'), {
    code: 'model_not_found',
    message: /q8_0.*M\.Q4_K\.gguf, M\.Q4_K_M\.gguf, m-F16\.gguf/,
  });
  await writeFile(join(dir, 'other.f16.gguf'), '');
  await t.rejects(weights(dir, 'f16'), { code: 'model_not_found', message: /several/ });
});

t.test('a file is taken as it is, whatever it is called', async (t) => {
  const dir = t.testdir({ 'any.gguf': 'x', 'sha256-0123': 'xy' });
  t.match(await weights(join(dir, 'any.gguf'), 'q8_0'), { file: join(dir, 'any.gguf'), bytes: 1 });
  t.match(await weights(join(dir, 'sha256-0123'), 'q8_0'), { file: join(dir, 'sha256-0123'), bytes: 2 });
  await t.rejects(weights(join(dir, 'no.gguf'), 'q8_0'), { code: 'model_not_found', message: /no\.gguf/ });
});

t.test(
  'a split GGUF is its first part, with the bytes of all; one that lacks a part is not there',
  async (t) => {
    const dir = t.testdir({
      Q8_0: { 'm-00001-of-00002.gguf': '12', 'm-00002-of-00002.gguf': '345' },
      'm-Q4_0-00001-of-00003.gguf': '',
      'm-Q4_0-00003-of-00003.gguf': '',
      'mmproj-Q8_0.gguf': '',
    });
    const first = join(dir, 'Q8_0', 'm-00001-of-00002.gguf');
    t.same(await weights(dir, 'q8_0'), { format: 'gguf', file: first, bytes: 5 });
    t.same(await weights(join(dir, 'Q8_0', 'm-00002-of-00002.gguf'), 'q4_0'), {
      format: 'gguf',
      file: first,
      bytes: 5,
    });
    await t.rejects(weights(dir, 'q4_0'), {
      code: 'model_not_found',
      message: /2 of the 3 parts.*part 2 missing/,
    });
  },
);

t.test('a folder with an ONNX graph: the first format that there is, the graph by precision', async (t) => {
  const dir = t.testdir({
    'config.json': '{}',
    'tokenizer.json': '{}',
    onnx: { 'model.onnx': '1', 'model.onnx_data': '23', 'model_q4.onnx': '4' },
  });
  const f32 = { format: 'onnx', folder: dir, file: 'onnx/model.onnx', bytes: 3 };
  t.same(await weights(dir, 'f32', ['gguf', 'onnx']), f32);
  t.same(await weights(join(dir, 'onnx', 'model.onnx'), 'q8_0', ['onnx']), f32);
  t.match(await weights(dir, 'q4_k_m', ['onnx']), { file: 'onnx/model_q4.onnx', bytes: 1 });
  await t.rejects(weights(dir, 'q8_0', ['gguf', 'onnx']), {
    code: 'model_not_found',
    message:
      /no GGUF file, and has no ONNX graph of precision q8_0 \(onnx\/model_quantized\.onnx\).*onnx\/model\.onnx/,
  });
  await mkdir(join(dir, 'empty'));
  await t.rejects(weights(join(dir, 'empty'), 'q8_0', ['onnx']), { code: 'model_not_found' });
});
