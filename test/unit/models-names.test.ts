import fc from 'fast-check';
import t from 'tap';
import { ModelStore } from '#src/models/index.js';
import { namesPrecision } from '#src/models/precision.js';
import { SHORT_NAMES } from '#src/models/short-names.js';

const store = new ModelStore({ cacheDir: '/nowhere', apiKey: undefined, env: {} });
const check = (modelType: string) => () =>
  store.check({ name: 'mine', modelType, precision: 'q8_0', revision: 'main' });

t.test('short names, repositories, files of repositories and paths are models', async (t) => {
  const good = [
    'llama_v2',
    'mamba_2-8b',
    'quantized_7b-open-chat-3.5',
    'TheBloke/Llama-2-7B-GGUF',
    'owner/repo:folder/model-Q8_0.gguf',
    '/models/some',
  ];
  for (const modelType of good) t.doesNotThrow(check(modelType), modelType);
});

t.test('what is none is refused, with the name that is near', async (t) => {
  t.throws(check('lama3_8b'), { code: 'model_not_known', message: /model mine: .*is it llama3_8b\?/ });
  const bad = [
    'something-else-entirely',
    'a/b/c',
    '../x',
    'o/r:../x.gguf',
    'o/r:',
    'o /r',
    '',
    'constructor',
    'o/..',
  ];
  for (const modelType of bad) t.throws(check(modelType), { code: 'model_not_known' }, modelType);
});

t.test('image models, and names without weights, say why and what to do', async (t) => {
  const image = { code: 'model_unsupported', message: /image models cannot be run yet/ };
  for (const name of ['v1-5', 'v2-1', 'xl', 'turbo']) t.throws(check(`stable_diffusion_${name}`), image);
  t.throws(check('llama3_70b'), {
    code: 'model_not_known',
    message: /meta-llama\/Meta-Llama-3-70B.*model_type = "owner\/repo".*name = "llama3_70b"/,
  });
});

t.test(
  'every short name of the sample prompts is in the table, and each stands for a repository',
  async (t) => {
    const names = Object.entries(SHORT_NAMES);
    t.ok(names.length >= 60);
    for (const [name, { source, gguf, onnx }] of names) {
      for (const repo of [source, gguf, onnx])
        if (repo !== undefined) t.match(repo, /^[\w-]+\/[\w.-]+$/, name);
    }
  },
);

const PRECISIONS = [
  'f32',
  'f16',
  'bf16',
  'q8_0',
  'q4_0',
  'q4_1',
  'q4_k',
  'q4_k_m',
  'q4_k_s',
  'q6_k',
  'iq4_xs',
  'iq2_xxs',
];
const precision = fc.constantFrom(...PRECISIONS);
const written = precision.chain((word) =>
  fc.constantFrom(word, word.toUpperCase()).map((spelling) => ({ word, spelling })),
);
const separator = fc.constantFrom('-', '.');
const base = fc.constantFrom('Llama-2-7B', 'tinyllama-1.1b-chat-v1.0', 'Phi_3-mini', 'model');

t.test('a file is found by the precision that its name has, and by no other', async () => {
  const ends = fc.constantFrom('', '-00001-of-00003');
  fc.assert(
    fc.property(base, separator, written, ends, precision, (name, sep, { word, spelling }, end, wanted) => {
      return namesPrecision(`${name}${sep}${spelling}${end}.gguf`, wanted) === (word === wanted);
    }),
  );
});

t.test('a folder names the precision where the file does not', async () => {
  fc.assert(
    fc.property(base, written, precision, (name, { word, spelling }, wanted) => {
      return namesPrecision(`${spelling}/${name}-00001-of-00002.gguf`, wanted) === (word === wanted);
    }),
  );
  fc.assert(
    fc.property(base, written, precision, precision, (name, { spelling }, own, wanted) => {
      return namesPrecision(`${spelling}/${name}-${own}.gguf`, wanted) === (own === wanted);
    }),
  );
});

t.test('other spellings', async (t) => {
  t.ok(namesPrecision('Phi-3-mini-4k-instruct-fp16.gguf', 'f16'));
  t.ok(namesPrecision('model_f32.gguf', 'FP32'));
  t.ok(namesPrecision('mamba-370m/mamba-370m-q8_0.gguf', 'q8_0'));
  t.ok(namesPrecision('Phi-3-mini-4k-instruct-q4.gguf', 'q4'));
  t.notOk(namesPrecision('model-Q4_K_M.gguf', 'q4'));
  t.notOk(namesPrecision('model.gguf', '.'));
});
