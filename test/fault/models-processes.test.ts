import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { RunningCli, runCli } from '../e2e/cli.js';
import type { FakeHub } from '../fixtures/hub.js';
import { DEMO_REPO, demoFiles, startHub, tempCache } from '../fixtures/model-store.js';

const PATH = 'atoma-tiny.Q8_0.gguf';
/** Where the hub falls silent; more than a second of progress lines apart from the end. */
const STALL_AFTER = 2_000_000;
const PULL = ['models', 'pull', DEMO_REPO, '--json'];

async function demoHub(
  t: Test,
): Promise<{ hub: FakeHub; content: Buffer; cache: string; env: NodeJS.ProcessEnv }> {
  const hub = await startHub(t);
  const files = await demoFiles((path) => path === PATH);
  hub.add(DEMO_REPO, files);
  const cache = await tempCache(t);
  const env = { HF_ENDPOINT: hub.url, HF_HUB_CACHE: cache, HF_TOKEN: '', HTTP_PROXY: '', http_proxy: '' };
  return { hub, content: files[PATH] ?? Buffer.of(), cache, env };
}

/** Resolves when the process has written what the hub has sent so far. */
async function received(pull: RunningCli, cache: string): Promise<string> {
  const blobs = join(cache, `models--${DEMO_REPO.replace('/', '--')}`, 'blobs');
  await pull.next();
  for (;;) {
    const [name] = await readdir(blobs);
    if (name !== undefined && (await stat(join(blobs, name))).size === STALL_AFTER) return join(blobs, name);
  }
}

async function checkFile(t: Test, stdout: string, content: Buffer): Promise<void> {
  const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  t.match(last, { type: 'pulled', repo: DEMO_REPO, format: 'gguf', bytes: content.length });
  t.ok((await readFile(last.file)).equals(content));
}

t.test('a pull that was killed goes on where it stopped', async (t) => {
  const { hub, content, cache, env } = await demoHub(t);
  hub.inject({ on: 'bytes', stallAfter: STALL_AFTER });
  const pull = new RunningCli(t, PULL, env);
  t.match(await received(pull, cache), /[0-9a-f]{64}\.atoma-partial$/);
  const exited = pull.exited();
  pull.child.kill('SIGKILL');
  await exited;
  hub.reset();
  const { code, stdout, stderr } = await runCli(PULL, env);
  t.equal(code, 0, stderr);
  await checkFile(t, stdout, content);
  t.equal(hub.served(PATH), content.length - STALL_AFTER, 'only the rest was sent');
});

t.test('Ctrl-C: 130, what has come is kept, and it says so', async (t) => {
  const { hub, content, cache, env } = await demoHub(t);
  hub.inject({ on: 'bytes', stallAfter: STALL_AFTER });
  const pull = new RunningCli(t, PULL, env);
  const partial = await received(pull, cache);
  pull.child.kill('SIGINT');
  t.equal(await pull.exited(), 130);
  t.match(pull.stderr, /interrupted: what has come is kept/);
  t.equal((await stat(partial)).size, STALL_AFTER);
  hub.reset();
  await checkFile(t, (await runCli(PULL, env)).stdout, content);
  t.equal(hub.served(PATH), content.length - STALL_AFTER);
});

t.test('two processes at once: one downloads, the other waits and takes what is there', async (t) => {
  const { hub, content, env } = await demoHub(t);
  const results = await Promise.all([runCli(PULL, env), runCli(PULL, env)]);
  for (const { code, stdout, stderr } of results) {
    t.equal(code, 0, stderr);
    await checkFile(t, stdout, content);
  }
  t.equal(hub.served(PATH), content.length, 'sent once');
});
