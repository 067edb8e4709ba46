import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { ProcessLock } from '#src/core/index.js';

const ROOM = fileURLToPath(new URL('../../../dist/core/index.js', import.meta.url));
const TAKE = `import { ProcessLock } from ${JSON.stringify(ROOM)};
try { ProcessLock.acquire(process.argv[1], 'the badge'); console.log('held'); setInterval(() => {}, 1e6); }
catch (error) { console.log(error.code + ' ' + error.message); }`;

async function lockPath(t: Test): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'atoma-lock-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return join(dir, 'deep', 'node.lock');
}

const args = (path: string): string[] => ['--input-type=module', '-e', TAKE, path];

t.test('a second process is kept out and told who is in', async (t) => {
  const path = await lockPath(t);
  const lock = ProcessLock.acquire(path, 'the badge');
  const said = await new Promise<string>((resolve) =>
    execFile(process.execPath, args(path), (_error, stdout) => resolve(stdout)),
  );
  t.match(said, new RegExp(`already_running the badge is in use by process ${process.pid} on `));
  t.throws(
    () => ProcessLock.acquire(path, 'the badge'),
    { code: 'already_running' },
    'nor twice in one process',
  );
  lock.release();
  const next = ProcessLock.acquire(path, 'the badge');
  next.release();
});

t.test('who waits gets it when it is free, and hears once who has it', async (t) => {
  const path = await lockPath(t);
  const held = ProcessLock.acquire(path, 'the cache');
  const heard: string[] = [];
  const waiting = ProcessLock.wait(path, 'the cache', {
    signal: new AbortController().signal,
    pollMs: 1,
    onWait: (holder) => {
      heard.push(holder);
      held.release();
    },
  });
  (await waiting).release();
  t.match(heard, [new RegExp(`process ${process.pid} on `)]);
});

t.test('who waits can be called off', async (t) => {
  const path = await lockPath(t);
  const held = ProcessLock.acquire(path, 'the cache');
  const end = new AbortController();
  const waiting = ProcessLock.wait(path, 'the cache', {
    signal: end.signal,
    pollMs: 1e6,
    onWait: () => end.abort(new Error('enough')),
  });
  await t.rejects(waiting, { message: 'enough' });
  held.release();
});

t.test('a process that is killed leaves no lock behind', async (t) => {
  const path = await lockPath(t);
  const holder = spawn(process.execPath, args(path), { stdio: ['ignore', 'pipe', 'inherit'] });
  t.equal(String((await once(holder.stdout, 'data'))[0]).trim(), 'held');
  t.throws(() => ProcessLock.acquire(path, 'the badge'), {
    code: 'already_running',
    message: new RegExp(`process ${holder.pid} `),
  });
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  ProcessLock.acquire(path, 'the badge').release();
});
