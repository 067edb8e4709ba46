import { readdir, readFile, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { FakeHub } from '../fixtures/hub.js';
import type { HubFault } from '../fixtures/hub-faults.js';
import { obtain, pathsIn, startHub, storeOf, tempCache } from '../fixtures/model-store.js';

const PATH = 'm.Q8_0.gguf';
/** Several reads of a socket. */
const CONTENT = Buffer.alloc(600_000, 'weights ');
const HALF = 300_000;

async function hubWith(t: Test, ...faults: readonly HubFault[]): Promise<{ hub: FakeHub; cache: string }> {
  const hub = await startHub(t);
  hub.add('o/m', { [PATH]: CONTENT });
  for (const fault of faults) hub.inject(fault);
  return { hub, cache: await tempCache(t) };
}

/** The file is there, whole, and nothing else is. */
async function checkIntact(t: Test, file: string, cache: string): Promise<void> {
  t.ok((await readFile(file)).equals(CONTENT), 'the file is right');
  const blobs = await readdir(join(cache, 'models--o--m', 'blobs'));
  t.equal(blobs.length, 1, 'nothing is left over');
  t.match(blobs[0], /^[0-9a-f]{64}$/);
}

t.test('after each of these faults the download goes on, and the cache is intact', async (t) => {
  const faults: Readonly<Record<string, readonly HubFault[]>> = {
    'the connection breaks': [{ on: 'bytes', breakAfter: HALF }],
    'it breaks more often than may be tried without progress': Array.from({ length: 8 }, (_, index) => ({
      on: 'bytes' as const,
      breakAfter: 60_000 - index,
    })),
    'it falls silent': [{ on: 'bytes', stallAfter: HALF }],
    'it falls silent before the first byte': [{ on: 'bytes', stallAfter: 0 }],
    'wrong bytes': [{ on: 'bytes', wrongBytes: true }],
    'wrong bytes after a break': [{ on: 'bytes', breakAfter: HALF, wrongBytes: true }],
    'the range is ignored': [
      { on: 'bytes', breakAfter: HALF },
      { on: 'bytes', ignoreRange: true },
    ],
    'too many requests for a list': [{ on: 'api', status: 429, retryAfter: '1', times: 2 }],
    'too many requests for a file': [{ on: 'resolve', status: 429, retryAfter: new Date().toUTCString() }],
    'a hub out of order': [
      { on: 'api', status: 503 },
      { on: 'resolve', status: 500 },
      { on: 'bytes', status: 503 },
    ],
    'a link that has expired': [{ on: 'bytes', status: 403 }],
    'an answer that never comes': [
      { on: 'api', breakAfter: 0 },
      { on: 'resolve', breakAfter: 0 },
    ],
  };
  for (const [name, list] of Object.entries(faults)) {
    await t.test(name, async (t) => {
      const { hub, cache } = await hubWith(t, ...list);
      const { file, progress } = await obtain(storeOf(t, hub, cache), 'o/m');
      await checkIntact(t, file, cache);
      t.match(progress.at(-1), { doneBytes: CONTENT.length, totalBytes: CONTENT.length });
    });
  }
});

t.test('after a break only the rest is asked for', async (t) => {
  const { hub, cache } = await hubWith(t, { on: 'bytes', breakAfter: HALF });
  await obtain(storeOf(t, hub, cache), 'o/m');
  const ranges = hub.requests.filter(({ at }) => at === 'cdn').map(({ range }) => range);
  t.equal(ranges.length, 2);
  t.equal(ranges[0], undefined);
  t.match(ranges[1], /^bytes=[1-9]\d*-$/);
});

t.test('a hub that stays out of order is given up, and what has come is kept for the next try', async (t) => {
  const outOfOrder = { on: 'bytes', status: 503, times: 100 } as const;
  const { hub, cache } = await hubWith(t, { on: 'bytes', breakAfter: HALF }, outOfOrder);
  const store = storeOf(t, hub, cache);
  await t.rejects(obtain(store, 'o/m'), { code: 'hub_unavailable', message: /model mine: .*503/ });
  hub.clearFaults();
  hub.reset();
  const { file } = await obtain(store, 'o/m');
  await checkIntact(t, file, cache);
  t.ok(hub.served(PATH) < CONTENT.length, 'only the rest came');
});

t.test('bytes that are always wrong end in an error, and nothing is kept', async (t) => {
  const { hub, cache } = await hubWith(t, { on: 'bytes', wrongBytes: true, times: 100 });
  const store = storeOf(t, hub, cache);
  await t.rejects(obtain(store, 'o/m'), { code: 'download_corrupt', message: /m\.Q8_0\.gguf.*3 times/ });
  t.equal(hub.requests.filter(({ at }) => at === 'cdn').length, 3);
  hub.clearFaults();
  await checkIntact(t, (await obtain(store, 'o/m')).file, cache);
});

t.test('429 without an end', async (t) => {
  const { hub, cache } = await hubWith(t, { on: 'api', status: 429, retryAfter: '9999', times: 100 });
  await t.rejects(obtain(storeOf(t, hub, cache), 'o/m'), { code: 'hub_busy', message: /9999 s/ });
});

t.test('a hub that is not there', async (t) => {
  const { hub, cache } = await hubWith(t);
  await hub.stop();
  await t.rejects(obtain(storeOf(t, hub, cache), 'o/m'), {
    code: 'hub_unreachable',
    message: /127\.0\.0\.1.*HF_ENDPOINT.*HTTPS_PROXY/,
  });
});

t.test('what is aborted ends at once and goes on later', async (t) => {
  const { hub, cache } = await hubWith(t, { on: 'bytes', stallAfter: HALF });
  const store = storeOf(t, hub, cache, { timing: { progressMs: 0 } });
  const end = new AbortController();
  const reference = { name: 'm', modelType: 'o/m', precision: 'q8_0', revision: 'main' };
  const onProgress = ({ doneBytes }: { doneBytes: number }) => {
    if (doneBytes === HALF) end.abort(new Error('enough'));
  };
  await t.rejects(store.obtain(reference, ['gguf'], { signal: end.signal, onProgress }), {
    message: 'enough',
  });
  hub.reset();
  await checkIntact(t, (await obtain(store, 'o/m')).file, cache);
  t.equal(hub.served(PATH), CONTENT.length - HALF);
});

t.test('a disk that is too small is seen before the first byte', async (t) => {
  const { hub, cache } = await hubWith(t);
  const freeBytes = async () => 268_435_456 + CONTENT.length - 1;
  await t.rejects(obtain(storeOf(t, hub, cache, { freeBytes }), 'o/m'), {
    code: 'disk_full',
    message: /^model \S+: [\d.]+ [KM]iB are still to be downloaded to .* 256\.\d MiB free/,
    fields: { neededBytes: CONTENT.length },
  });
  t.equal(hub.served(), 0);
});

t.test('names and links that lead out of the cache', async (t) => {
  const hub = await startHub(t);
  const cache = await tempCache(t);
  const store = storeOf(t, hub, cache);
  for (const path of [
    '../../../evil.gguf',
    '/etc/evil.gguf',
    'a/../../evil.gguf',
    'a\\..\\evil.gguf',
    'a//b.gguf',
  ]) {
    hub.add('o/evil', { [PATH]: 'x' }, { extraPaths: [path] });
    await t.rejects(
      obtain(store, 'o/evil'),
      { code: 'model_unsafe_path', message: /leads out of its folder/ },
      path,
    );
  }
  t.same(
    (await pathsIn(cache)).filter((path) => !path.startsWith('.locks/')),
    [],
    'nothing was written',
  );
  hub.add('o/m', { [PATH]: 'x' });
  const { file } = await obtain(store, 'o/m');
  const outside = join(await tempCache(t), 'secret');
  await writeFile(outside, 'x');
  await unlink(file);
  await symlink(outside, file);
  await t.rejects(obtain(store, 'o/m'), {
    code: 'model_unsafe_path',
    message: /leads out of the cache.*Remove it/,
  });
});
