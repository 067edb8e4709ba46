import { lstat, readFile, readlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { downloadFileToCacheDir, scanCachedRepo } from '@huggingface/hub';
import t from 'tap';
import { DEMO_REPO, demoFiles, obtain, startHub, storeOf, tempCache } from '../fixtures/model-store.js';

const REPO_FOLDER = 'models--atoma--atoma-tiny';

t.test(
  'a GGUF is downloaded by precision, through pages of a list, into the layout of the hub',
  async (t) => {
    const hub = await startHub(t, { pageSize: 2 });
    const files = await demoFiles();
    const commit = [...hub.add(DEMO_REPO, files).commits.keys()][0];
    const cache = await tempCache(t);
    const model = await obtain(storeOf(t, hub, cache), DEMO_REPO, { precision: 'Q8_0' });
    const bytes = files['atoma-tiny.Q8_0.gguf']?.length;
    t.same(model.source, { repo: DEMO_REPO, revision: 'main', commit });
    t.match(model.weights, { format: 'gguf', bytes });
    t.ok((await readFile(model.file)).equals(files['atoma-tiny.Q8_0.gguf'] ?? Buffer.of()));
    t.equal(model.file, join(cache, REPO_FOLDER, 'snapshots', commit ?? '', 'atoma-tiny.Q8_0.gguf'));
    t.match(await readlink(model.file), /^\.\.\/\.\.\/blobs\/[0-9a-f]{64}$/);
    t.equal(await readFile(join(cache, REPO_FOLDER, 'refs', 'main'), 'utf8'), commit);
    t.same(model.progress.at(-1)?.doneBytes, bytes);
    t.equal(hub.served(), bytes, 'nothing else was fetched');
  },
);

t.test("the hub's own library finds what is there, without a request", async (t) => {
  const hub = await startHub(t);
  hub.add(DEMO_REPO, await demoFiles());
  const cache = await tempCache(t);
  const { source, file } = await obtain(storeOf(t, hub, cache), DEMO_REPO, {
    formats: ['onnx'],
    precision: 'f32',
  });
  const scanned = await scanCachedRepo(join(cache, REPO_FOLDER));
  t.match(scanned, {
    id: { name: DEMO_REPO, type: 'model' },
    revisions: [{ commitOid: source?.commit, refs: ['main'] }],
  });
  hub.reset();
  const options = { repo: DEMO_REPO, hubUrl: hub.url, cacheDir: cache, revision: source?.commit ?? '' };
  t.equal(await downloadFileToCacheDir({ ...options, path: 'onnx/model.onnx' }), file);
  t.equal(hub.requests.length, 0);
});

t.test("a file that the hub's own library has fetched is not fetched again", async (t) => {
  const hub = await startHub(t);
  hub.add(DEMO_REPO, await demoFiles());
  const cache = await tempCache(t);
  await downloadFileToCacheDir({
    repo: DEMO_REPO,
    hubUrl: hub.url,
    cacheDir: cache,
    path: 'atoma-tiny.Q8_0.gguf',
  });
  const served = hub.served();
  const store = storeOf(t, hub, cache);
  await obtain(store, DEMO_REPO);
  t.equal(hub.served(), served);
  t.same(await store.flush(), [], 'nor is it ours to delete');
});

t.test('an ONNX model comes with its settings, small files checked as git has them', async (t) => {
  const hub = await startHub(t);
  const files = { ...(await demoFiles()), 'onnx/model.onnx_data': 'numbers', 'onnx/model_q4.onnx': 'four' };
  hub.add(DEMO_REPO, files);
  const { weights, file } = await obtain(storeOf(t, hub, await tempCache(t)), DEMO_REPO, {
    formats: ['onnx', 'gguf'],
    precision: 'f32',
  });
  t.match(weights, { format: 'onnx', file: 'onnx/model.onnx' });
  const folder = dirname(dirname(file));
  for (const path of ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'onnx/model.onnx_data']) {
    t.ok((await lstat(join(folder, path))).isSymbolicLink(), path);
  }
  await t.rejects(lstat(join(folder, 'onnx', 'model_q4.onnx')), { code: 'ENOENT' });
});

t.test('a split GGUF comes whole, from a folder of the repository', async (t) => {
  const hub = await startHub(t);
  const parts = { 'Q8_0/m-00001-of-00002.gguf': 'first', 'Q8_0/m-00002-of-00002.gguf': 'second' };
  hub.add('o/split', { ...parts, 'Q4_0/m-Q4_0.gguf': 'x', 'mmproj-Q8_0.gguf': 'y' });
  const store = storeOf(t, hub, await tempCache(t));
  const { weights, file } = await obtain(store, 'o/split');
  t.match(weights, { bytes: 11 });
  t.equal(await readFile(file, 'utf8'), 'first');
  t.equal(await readFile(file.replace('00001-of', '00002-of'), 'utf8'), 'second');
  const named = await obtain(store, 'o/split:Q8_0/m-00002-of-00002.gguf', { precision: 'q4_0' });
  t.equal(named.file, file, 'any part stands for all');
  hub.add('o/torn', { 'm-Q8_0-00001-of-00002.gguf': 'first' });
  await t.rejects(obtain(store, 'o/torn'), { code: 'model_not_found', message: /1 of the 2 parts/ });
});

t.test('a full cache needs no hub; a revision that moved is seen by a pull', async (t) => {
  const hub = await startHub(t);
  const repo = hub.add('o/m', { 'm.Q8_0.gguf': 'old' });
  const old = repo.commits.keys().next().value;
  const cache = await tempCache(t);
  const store = storeOf(t, hub, cache);
  await obtain(store, 'o/m');
  hub.reset();
  const renewed = repo.commit({ 'm.Q8_0.gguf': 'newer' });
  t.equal((await obtain(store, 'o/m')).source?.commit, old);
  t.equal((await obtain(store, 'o/m', { revision: old ?? '' })).source?.commit, old, 'a commit needs no ref');
  t.equal(hub.requests.length, 0);
  const pulled = await obtain(store, 'o/m', { pull: true });
  t.same(pulled.source, { repo: 'o/m', revision: 'main', commit: renewed });
  t.equal(await readFile(pulled.file, 'utf8'), 'newer');
  t.equal((await obtain(store, 'o/m')).source?.commit, renewed);
  await hub.stop();
  t.equal(await readFile((await obtain(store, 'o/m')).file, 'utf8'), 'newer');
  t.equal(
    await store.find({ name: 'n', modelType: 'o/m', precision: 'q4_0', revision: 'main' }, ['gguf']),
    undefined,
  );
});

t.test('HF_HUB_OFFLINE: what is here is used, and nothing is asked', async (t) => {
  const hub = await startHub(t);
  hub.add('o/m', { 'm.Q8_0.gguf': 'x', 'm.Q4_0.gguf': 'y' });
  const cache = await tempCache(t);
  const { file } = await obtain(storeOf(t, hub, cache), 'o/m');
  hub.reset();
  const offline = storeOf(t, hub, cache, { env: { HF_ENDPOINT: hub.url, HF_HUB_OFFLINE: '1' } });
  t.equal((await obtain(offline, 'o/m')).file, file);
  await t.rejects(obtain(offline, 'o/m', { precision: 'q4_0' }), {
    code: 'hub_unreachable',
    message: /model mine: .*HF_HUB_OFFLINE/,
  });
  t.equal(hub.requests.length, 0);
});

t.test('a blob of another size than the hub lists is not taken for whole', async (t) => {
  const hub = await startHub(t);
  hub.add('o/m', { 'm.Q8_0.gguf': 'all of it' });
  const store = storeOf(t, hub, await tempCache(t));
  const { file } = await obtain(store, 'o/m');
  await writeFile(file, 'all');
  t.equal(
    await store.find({ name: 'n', modelType: 'o/m', precision: 'q8_0', revision: 'main' }, ['gguf']),
    undefined,
  );
  t.equal(await readFile((await obtain(store, 'o/m')).file, 'utf8'), 'all of it');
});

t.test('what a repository lacks is said with what it has', async (t) => {
  const hub = await startHub(t);
  hub.add('o/m', { 'm.Q8_0.gguf': 'x', 'm.Q4_K_M.gguf': 'y', 'model.safetensors': 'z' });
  const store = storeOf(t, hub, await tempCache(t));
  await t.rejects(obtain(store, 'o/m', { precision: 'f16', formats: ['gguf', 'onnx'] }), {
    code: 'model_not_found',
    message: /model mine: o\/m.*f16.*m\.Q4_K_M\.gguf, m\.Q8_0\.gguf.*no ONNX graph/,
  });
  await t.rejects(obtain(store, 'o/m:other.gguf'), { code: 'model_not_found', message: /other\.gguf/ });
  await t.rejects(obtain(store, 'o/m', { revision: 'v9' }), {
    code: 'model_not_found',
    message: /no revision "v9"/,
  });
  await t.rejects(obtain(store, 'o/m', { revision: '../../x' }), { code: 'model_unsafe_path' });
  await t.rejects(obtain(store, 'mamba_130m'), {
    code: 'model_not_found',
    message: /devingulliver\/mamba-gguf.*private.*model_type = "owner\/repo"/,
  });
});

t.test('one size among those of a repository', async (t) => {
  const hub = await startHub(t);
  const sizes = ['130m', '370m', '1.4b'].map(
    (size) => [`mamba-${size}/mamba-${size}-q8_0.gguf`, size] as const,
  );
  hub.add('devingulliver/mamba-gguf', Object.fromEntries(sizes));
  const { file } = await obtain(storeOf(t, hub, await tempCache(t)), 'mamba_1-4b');
  t.equal(await readFile(file, 'utf8'), '1.4b');
});
