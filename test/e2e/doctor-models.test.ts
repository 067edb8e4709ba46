import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { DEMO_REPO, demoFiles, obtain, startHub, storeOf } from '../fixtures/model-store.js';
import { MODEL_DIR, tempDir } from './cli.js';
import { type CheckLine, type Diagnosis, diagnose } from './doctor-site.js';

const KEY = 'hf_the-operators-own';

interface Setup {
  readonly models: readonly Readonly<Record<string, string>>[];
  readonly key?: string;
  readonly dir?: string;
  readonly pool?: string;
}

/** Diagnoses a node that has these models and no chain; `cache_dir` is `cache` in the folder. */
async function diagnoseModels(
  t: Test,
  { models, key, dir, pool = '' }: Setup,
  hub: { readonly url: string },
): Promise<Diagnosis> {
  const folder = dir ?? (await tempDir(t));
  const path = join(folder, 'model.toml');
  const tables = models.map((model) => {
    const lines = Object.entries({ device: 'cpu', precision: 'q8_0', ...model });
    return `[[models]]\n${lines.map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`).join('')}`;
  });
  const head = `cache_dir = "cache"\njrpc_port = 0\n${key === undefined ? '' : `api_key = "${key}"\n`}`;
  await writeFile(path, `${head}${tables.join('')}[pool]\n${pool}`, { mode: 0o600 });
  const env = { HF_ENDPOINT: hub.url, NO_PROXY: '*' };
  return await diagnose(t, ['--model-config-path', path], { secrets: [KEY], env });
}

function modelsOf({ checks }: Diagnosis): readonly CheckLine[] {
  return checks.filter(({ area }) => area === 'models');
}

t.test('each model and device has a line of its own', async (t) => {
  const folder = await tempDir(t);
  await writeFile(join(folder, 'page.gguf'), '<html>404</html>');
  const models = [
    { name: 'good', model_type: MODEL_DIR },
    { name: 'odd precision', model_type: MODEL_DIR, precision: 'q3_k_s' },
    { name: 'no file', model_type: './none.gguf' },
    { name: 'a page', model_type: './page.gguf' },
    { name: 'unknown', model_type: 'llama_v22' },
    { name: 'image', model_type: 'stable_diffusion_xl' },
  ];
  const diagnosis = await diagnoseModels(t, { dir: folder, models }, await startHub(t));
  t.match(modelsOf(diagnosis), [
    { name: 'good on cpu', status: 'ok', found: /run by llama: .*; needs .* in RAM with 1 worker/ },
    { name: 'odd precision on cpu', status: 'fail', found: /q3_k_s.*atoma-tiny\.F16\.gguf/ },
    { name: 'no file on cpu', status: 'fail', found: /no file or folder/ },
    { name: 'a page on cpu', status: 'fail', found: /page\.gguf/ },
    { name: 'unknown on cpu', status: 'fail', found: /llama_v22/ },
    { name: 'image on cpu', status: 'fail', found: /image/ },
  ]);
});

t.test('a model that does not fit', async (t) => {
  const models = [{ name: 'a', model_type: MODEL_DIR }];
  const pool = 'workers = 256\ncontext_size = 131072\nsequences = 64\n';
  const diagnosis = await diagnoseModels(t, { models, pool }, await startHub(t));
  t.match(diagnosis.get('a on cpu'), {
    status: 'fail',
    found: /needs [\d.]+ TiB of RAM, [\d.]+ [GM]iB are free: weights .*KV cache/,
    remedy: /pool\.(sequences|context_size|workers)/,
  });
});

t.test('a model that is still to be downloaded, its size and the key', async (t) => {
  const hub = await startHub(t, { keys: { [KEY]: 'operator' } });
  hub.add(DEMO_REPO, await demoFiles());
  const models = [{ name: 'mine', model_type: DEMO_REPO }];
  const withKey = await diagnoseModels(t, { models, key: KEY }, hub);
  t.same(withKey.names('fail'), []);
  t.match(withKey.get('hub'), { status: 'ok', found: `${hub.url} answers; the key is that of operator` });
  t.match(withKey.get('mine on cpu'), { status: 'ok', found: /not here yet: 3\.5 MiB/ });
  t.equal(hub.served(), 0, 'nothing is downloaded');

  const without = await diagnoseModels(t, { models }, hub);
  t.match(without.get('hub'), { status: 'ok', found: /without api_key, public models only/ });

  const wrong = await diagnoseModels(t, { models, key: `${KEY}-before` }, hub);
  t.match(wrong.get('hub'), { status: 'fail', found: /does not accept the key/ });

  const gone = await diagnoseModels(t, { models: [{ name: 'x', model_type: 'nobody/nothing' }] }, hub);
  t.match(gone.get('x on cpu'), { status: 'fail', found: /nobody\/nothing/ });
});

t.test('a hub that is down matters where something is to be downloaded', async (t) => {
  const hub = await startHub(t);
  hub.add(DEMO_REPO, await demoFiles());
  const dir = await tempDir(t);
  await obtain(storeOf(t, hub, join(dir, 'cache')), DEMO_REPO);
  const { url } = hub;
  await hub.stop();
  const mine = { name: 'mine', model_type: DEMO_REPO };
  const offline = await diagnoseModels(t, { models: [mine], dir }, { url });
  t.same(offline.names('fail'), []);
  t.match(offline.get('hub'), { status: 'warn', found: /the connection to http.* failed/ });
  t.match(offline.get('mine on cpu'), { status: 'ok', found: /run by llama/ });

  const more = await diagnoseModels(
    t,
    { models: [mine, { name: 'm', model_type: 'other/one' }], dir },
    { url },
  );
  t.same(more.names('fail'), ['hub', 'm on cpu']);
});
