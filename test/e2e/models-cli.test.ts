import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { tempCache } from '../fixtures/model-store.js';
import { setUp } from '../fixtures/models-cli.js';
import { MODEL_DIR, runCli } from './cli.js';

const lines = (stdout: string) =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

t.test('pull, list, info and rm, for programs', async (t) => {
  const { env, cache } = await setUp(t);
  const models = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await runCli(['models', ...args, '--json'], env);
    t.equal(code, 0, stderr);
    return lines(stdout);
  };
  t.same(await models('list'), []);
  t.match((await models('info', 'o/m'))[0], {
    type: 'model',
    here: false,
    repo: 'o/m',
    license: 'apache-2.0',
    architecture: 'llama',
    parameters: 42,
    context_size: 2048,
    chat_template: '{{ x }}',
    files: [{ path: 'm.Q8_0.gguf', bytes: 5 }, { path: 'm.F16.gguf' }, { path: 'onnx/model.onnx' }],
  });
  const pulled = await models('pull', 'o/m', '--precision', 'F16');
  t.match(pulled.at(-1), { type: 'pulled', format: 'gguf', bytes: 7 });
  t.match(pulled.at(-2), { type: 'progress', done_bytes: 7, total_bytes: 7 });
  t.match((await models('pull', 'o/m', '--format', 'onnx', '--precision', 'f32')).at(-1), { format: 'onnx' });
  t.match((await models('info', 'o/m', '--precision', 'f16'))[0], {
    here: true,
    file: /m\.F16\.gguf$/,
    size_bytes: 7,
  });
  t.match(await models('list'), [
    { type: 'model', repo: 'o/m', bytes: 12, own_bytes: 12, path: join(cache, 'models--o--m') },
  ]);
  t.same(await models('rm', 'o/m', '--yes'), [{ type: 'removed', repo: 'o/m', bytes: 12 }]);
  t.same(await models('list'), []);
});

t.test('for people', async (t) => {
  const { env } = await setUp(t);
  const pull = await runCli(['models', 'pull', 'o/m'], env);
  t.match(pull.stdout, /^o\/m: 5 B at .*m\.Q8_0\.gguf\n$/);
  t.match(
    (await runCli(['models', 'list'], env)).stdout,
    /SIZE +OWN +REPOSITORY +REVISIONS\n5 B +5 B +o\/m +main [0-9a-f]{7}\n/,
  );
  t.match(
    (await runCli(['models', 'info', MODEL_DIR], env)).stdout,
    /here +yes\n.*file +.*atoma-tiny\.Q8_0\.gguf\nsize +3\.66 MB/s,
  );
});

t.test('a configured name, with the cache and the key of the configuration', async (t) => {
  const { env, cache } = await setUp(t);
  const config = join(await tempCache(t), 'model.toml');
  const model = '[[models]]\nname = "mine"\ndevice = "cpu"\nprecision = "q8_0"\nmodel_type = "o/gated"\n';
  await writeFile(config, `cache_dir = ${JSON.stringify(cache)}\napi_key = "hf_k"\njrpc_port = 0\n${model}`);
  const { code, stdout, stderr } = await runCli(
    ['models', 'pull', 'mine', '--model-config-path', config, '--json'],
    {
      ...env,
      HF_HUB_CACHE: '/nowhere',
    },
  );
  t.equal(code, 0, stderr);
  t.match(lines(stdout).at(-1), { type: 'pulled', model: 'mine', repo: 'o/gated' });
});
