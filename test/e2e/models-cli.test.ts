import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { tempCache } from '../fixtures/model-store.js';
import { setUp } from '../fixtures/models-cli.js';
import { MODEL_DIR, runCli } from './cli.js';

const F16_BYTES = 6_855_808;
const Q8_BYTES = 3_660_928;

const lines = (stdout: string) =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

t.test('info, pull, list and rm, for programs', async (t) => {
  const { env, cache } = await setUp(t);
  const models = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await runCli(['models', ...args, '--json'], env);
    t.equal(code, 0, stderr);
    return lines(stdout);
  };
  t.match((await models('info', 'o/m'))[0], {
    type: 'model',
    here: false,
    repo: 'o/m',
    license: 'apache-2.0',
    architecture: 'llama',
    parameters: 42,
    context_size: 2048,
    chat_template: '{{ x }}',
    files: [{ path: 'atoma-tiny.F16.gguf', bytes: F16_BYTES }, { path: 'atoma-tiny.Q8_0.gguf' }],
  });
  const pulled = await models('pull', 'o/m', '--precision', 'F16', '--format', 'gguf');
  t.match(pulled.at(-1), { type: 'pulled', format: 'gguf', bytes: F16_BYTES });
  t.match(pulled.at(-2), { type: 'progress', done_bytes: F16_BYTES, total_bytes: F16_BYTES });
  const path = join(cache, 'models--o--m');
  t.match(await models('list'), [
    { type: 'model', repo: 'o/m', path, bytes: F16_BYTES, own_bytes: F16_BYTES },
  ]);
  t.same(await models('rm', 'o/m', '--yes'), [{ type: 'removed', repo: 'o/m', bytes: F16_BYTES }]);
});

t.test(
  'info of weights that are here: what they say of themselves, and the memory that they need',
  async (t) => {
    const { code, stdout, stderr } = await runCli(['models', 'info', MODEL_DIR, '--json']);
    t.equal(code, 0, stderr);
    const [facts] = lines(stdout);
    t.match(facts, { here: true, repo: null, format: 'gguf', size_bytes: Q8_BYTES, architecture: 'llama' });
    t.match(facts, {
      quantisation: 'q8_0',
      context_size: 512,
      license: 'Apache-2.0',
      chat_template: /im_start/,
    });
    t.ok(facts.weights_bytes > 0 && facts.kv_cache_bytes > 0 && facts.compute_bytes > 0);
  },
);

t.test('for people', async (t) => {
  const { env } = await setUp(t);
  const pull = await runCli(['models', 'pull', 'o/m'], env);
  t.match(pull.stdout, /^o\/m: 3\.5 MiB at .*atoma-tiny\.Q8_0\.gguf\n$/);
  const list = await runCli(['models', 'list'], env);
  t.match(list.stdout, /SIZE +OWN +REPOSITORY +REVISIONS\n3\.5 MiB +3\.5 MiB +o\/m +main [0-9a-f]{7}\n/);
});

t.test('a configured name, with the cache and the key of the configuration', async (t) => {
  const { env, cache } = await setUp(t);
  const config = join(await tempCache(t), 'model.toml');
  const model = '[[models]]\nname = "mine"\ndevice = "cpu"\nprecision = "q8_0"\nmodel_type = "o/gated"\n';
  await writeFile(config, `cache_dir = ${JSON.stringify(cache)}\napi_key = "hf_k"\njrpc_port = 0\n${model}`);
  const args = ['models', 'pull', 'mine', '--model-config-path', config, '--json'];
  const { code, stdout, stderr } = await runCli(args, { ...env, HF_HUB_CACHE: '/nowhere' });
  t.equal(code, 0, stderr);
  t.match(lines(stdout).at(-1), { type: 'pulled', model: 'mine', repo: 'o/gated' });
});
