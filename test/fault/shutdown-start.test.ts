import { once } from 'node:events';
import { createServer } from 'node:net';
import t, { type Test } from 'tap';
import { LONG, ready, Stage, until } from './stage.js';
import { StreamReader } from './stream-reader.js';

const SKIP = process.platform !== 'linux' && 'needs /proc';
/** A call to an endpoint that does not answer takes 10 s; what is ended takes less, also on a busy machine. */
const PROMPT_MS = 8000;

t.test('SIGTERM at every stage of a start, and to a whole process group', { skip: SKIP }, async (t) => {
  const stage = await Stage.set(t);

  await t.test('SIGTERM while the model loads', async (t) => {
    const node = stage.node();
    await node.listening;
    const pids = await until(async () => {
      const found = await node.devicePids();
      return found.length > 0 ? found : undefined;
    });
    // A load that lasts.
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    await stopsPromptly(t, node);
  });

  await t.test('SIGTERM while the chain cannot be reached', async (t) => {
    const back = await stage.chain.goOffline();
    const node = stage.node();
    await node.logged(/retryInMs/);
    await stopsPromptly(t, node);
    await back();
  });

  await t.test('SIGTERM while the chain takes calls and answers none', async (t) => {
    const silent = createServer().listen(0, '127.0.0.1');
    t.teardown(() => silent.close());
    await once(silent, 'listening');
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const connected = once(silent, 'connection');
    const node = stage.node({}, await stage.copy({ url: `http://127.0.0.1:${port}` }));
    const [socket] = await connected;
    await stopsPromptly(t, node);
    socket.destroy();
  });

  await t.test("a service manager's SIGTERM to the group of the next node lets work end", async (t) => {
    const node = stage.node({ args: ['--grace', '60'], ownGroup: true });
    const url = await ready(node);
    const ticket = await stage.send({ ...LONG, maxTokens: 500n });
    const rpc = await stage.client(url);
    const stream = await StreamReader.open(rpc, 'atoma_subscribe', { ticket_id: ticket });
    await stream.has(1);
    process.kill(-(node.child.pid ?? 0), 'SIGTERM');
    t.match(await stream.done(), { completion: { output_tokens: 500 } });
    t.equal(stream.restarts, 0);
    t.equal(await node.ended, '0');
    await node.closed;
    await stage.settled(ticket);
  });
});

async function stopsPromptly(t: Test, node: ReturnType<Stage['node']>): Promise<void> {
  const askedAt = performance.now();
  t.equal(await node.stop(), '0');
  t.ok(performance.now() - askedAt < PROMPT_MS, `${Math.round(performance.now() - askedAt)} ms`);
  await node.closed;
}
