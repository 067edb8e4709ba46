import t, { type Test } from 'tap';
import { loadConfig } from '#src/config/index.js';
import { configFolder, MODEL, problemLines } from './config-folder.js';

/** The configuration whose line that begins with `key` is replaced. */
async function withLine(test: Test, key: string, line: string) {
  const { write } = await configFolder(test);
  const text = MODEL.replace(new RegExp(`^${key} = .*$`, 'm'), line);
  return loadConfig({ modelConfigPath: await write('model.toml', text) });
}

const one = (device: string, modelType = 'owner/repo'): string =>
  `models = [[${device}, "f16", "${modelType}", "", false]]`;

t.test('a device is an index, a UUID, a list of those, or the CPU', async (t) => {
  const uuid = 'GPU-8f6f7e0c-2d1a-4b7e-9a55-0123456789ab';
  for (const [written, labels] of [
    ['3', ['3']],
    ['"cpu"', ['cpu']],
    [`"${uuid}"`, [uuid]],
    ['"MIG-41b36c2e-7d5f-5a0f-9a55-0123456789ab"', ['MIG-41b36c2e-7d5f-5a0f-9a55-0123456789ab']],
    [`[0, 2, "${uuid}"]`, ['0', '2', uuid]],
  ] as const) {
    const { inference } = await withLine(t, 'models', one(written));
    t.strictSame(inference.models[0]?.devices, labels, written);
  }
  for (const wrong of ['[]', '[0, 0]', '[0, "cpu"]', '"0"', '"gpu-x"', '1.5', '[[0]]']) {
    t.match(
      (await problemLines(withLine(t, 'models', one(wrong)))).join('\n'),
      /models\[0\]\[0\]: found .*, wanted a device/,
      wrong,
    );
  }
});

t.test('a list that names the device of another entry again is refused', async (t) => {
  const models = 'models = [[[0, 1], "f16", "x", "", true], [[1, 2], "f16", "x", "", true]]';
  t.match((await problemLines(withLine(t, 'models', models))).join('\n'), /models\[1\]: found the name "x"/);
});

t.test('a file of a repository is no path, whatever its ending', async (t) => {
  const { inference } = await withLine(t, 'models', one('"cpu"', 'owner/repo:folder/x.Q8_0.gguf'));
  t.match(inference.models[0], {
    name: 'owner/repo:folder/x.Q8_0.gguf',
    modelType: 'owner/repo:folder/x.Q8_0.gguf',
  });
});

t.test('the backend of a model is its own, or that of all', async (t) => {
  const tables = [
    'backend = "onnx"',
    '[[models]]\ndevice = "cpu"\nprecision = "f32"\nmodel_type = "a/a"',
    '[[models]]\ndevice = "cpu"\nprecision = "f32"\nmodel_type = "b/b"\nbackend = "wasm"',
  ].join('\n');
  const { write } = await configFolder(t);
  const path = await write('model.toml', `${MODEL.replace(/^models = .*$/m, '')}${tables}\n`);
  const { inference } = await loadConfig({ modelConfigPath: path });
  t.strictSame(
    inference.models.map(({ backend }) => backend),
    ['onnx', 'wasm'],
  );
  t.match(
    (await problemLines(withLine(t, 'tracing', 'backend = "cuda"'))).join('\n'),
    /backend: found "cuda", wanted one of "auto", "llama", "onnx", "wasm"/,
  );
});

t.test('an admin token is long, and never shown', async (t) => {
  const set = (token: string) => withLine(t, 'tracing', `[rpc]\nadmin_token = "${token}"`);
  t.equal((await set('0123456789abcdef')).inference.rpc.adminToken, '0123456789abcdef');
  for (const wrong of ['too-short', 'the output of openssl rand -hex 32']) {
    const text = (await problemLines(set(wrong))).join('\n');
    t.match(text, /rpc\.admin_token: found a string of \d+ characters, wanted a string of at least 16/);
    t.notMatch(text, wrong);
  }
});
