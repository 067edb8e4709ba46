import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { downloadFileToCacheDir } from '@huggingface/hub';
import t from 'tap';
import { ProcessLock } from '#src/core/index.js';
import { obtain, pathsIn, startHub, storeOf, tempCache } from '../fixtures/model-store.js';

const own = (paths: readonly string[]) => paths.filter((path) => !path.startsWith('.locks/'));

t.test('the list of the cache: what there is, and what of it is ours', async (t) => {
  const hub = await startHub(t);
  const repo = hub.add('o/m', { 'm.Q8_0.gguf': 'eight', 'm.Q4_0.gguf': 'four', 'config.json': '{}' });
  const cache = await tempCache(t);
  const store = storeOf(t, hub, cache);
  t.same(await store.list(), []);
  const { source } = await obtain(store, 'o/m');
  const commit = source?.commit ?? '';
  await downloadFileToCacheDir({
    repo: 'o/m',
    hubUrl: hub.url,
    cacheDir: cache,
    revision: commit,
    path: 'm.Q4_0.gguf',
  });
  const [listed, ...others] = await store.list();
  t.same(others, []);
  t.match(listed, { repo: 'o/m', bytes: 9, ownBytes: 5, revisions: [{ commit, refs: ['main'] }] });
  t.same(listed?.revisions[0]?.files.map(({ path }) => path).sort(), ['m.Q4_0.gguf', 'm.Q8_0.gguf']);
  t.equal(repo.commits.size, 1);
});

t.test('flush removes what this program downloaded, and nothing else', async (t) => {
  const hub = await startHub(t);
  hub.add('o/both', { 'm.Q8_0.gguf': 'eight', 'm.Q4_0.gguf': 'four' });
  hub.add('o/ours', { 'a/m.Q8_0.gguf': 'ours' });
  const cache = await tempCache(t);
  const store = storeOf(t, hub, cache);
  const { source } = await obtain(store, 'o/both');
  await obtain(store, 'o/ours');
  const revision = source?.commit ?? '';
  const theirs = await downloadFileToCacheDir({
    repo: 'o/both',
    hubUrl: hub.url,
    cacheDir: cache,
    revision,
    path: 'm.Q4_0.gguf',
  });
  await mkdir(join(cache, 'my-folder'));
  await writeFile(join(cache, 'my-folder', 'notes.txt'), 'mine');
  await writeFile(join(cache, 'models--o--both', 'blobs', `${'0'.repeat(64)}.incomplete`), 'theirs');
  await writeFile(join(cache, 'models--o--both', 'blobs', `${'0'.repeat(64)}.atoma-partial`), 'ours');
  t.same(await store.flush(), [
    { repo: 'o/both', bytes: 9 },
    { repo: 'o/ours', bytes: 4 },
  ]);
  await access(theirs);
  const left = own(await pathsIn(cache))
    .map((path) => path.replace(/[0-9a-f]{40,64}/, '…'))
    .sort();
  t.same(left, [
    'models--o--both/blobs/…',
    'models--o--both/blobs/….incomplete',
    'models--o--both/refs/main',
    'models--o--both/snapshots/…/m.Q4_0.gguf',
    'my-folder/notes.txt',
  ]);
  t.same(await store.flush(), [], 'nothing is left of ours');
});

t.test('a repository that is in use is neither flushed nor removed', async (t) => {
  const hub = await startHub(t);
  hub.add('o/m', { 'm.Q8_0.gguf': 'x' });
  const cache = await tempCache(t);
  const store = storeOf(t, hub, cache);
  await obtain(store, 'o/m');
  const lock = ProcessLock.acquire(join(cache, '.locks', 'models--o--m', 'atoma-node.lock'), 'it');
  t.same(await store.flush(), []);
  await t.rejects(store.remove('o/m'), {
    code: 'already_running',
    message: /in use by process \d+.*Stop that/,
  });
  lock.release();
  t.same(await store.remove('o/m'), { repo: 'o/m', bytes: 1 });
  t.same(own(await pathsIn(cache)), []);
});

t.test('obtaining the same model several times at once, in one process', async (t) => {
  const hub = await startHub(t);
  hub.add('o/m', { 'm.Q8_0.gguf': 'content' });
  const store = storeOf(t, hub, await tempCache(t));
  const models = await Promise.all([1, 2, 3].map(() => obtain(store, 'o/m')));
  t.equal(new Set(models.map(({ file }) => file)).size, 1);
  t.equal(hub.served(), 7, 'sent once');
});

t.test('progress: bytes of all files, rising to the whole', async (t) => {
  const hub = await startHub(t);
  const parts = {
    'm-Q8_0-00001-of-00002.gguf': Buffer.alloc(300_000),
    'm-Q8_0-00002-of-00002.gguf': Buffer.alloc(200_000, 1),
  };
  hub.add('o/m', parts);
  const { progress } = await obtain(storeOf(t, hub, await tempCache(t)), 'o/m');
  const done = progress.map(({ doneBytes }) => doneBytes);
  t.same(
    done,
    [...done].sort((one, other) => one - other),
  );
  t.ok(progress.every(({ totalBytes }) => totalBytes === 500_000));
  t.equal(done.at(-1), 500_000);
});
