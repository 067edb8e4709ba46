import t from 'tap';
import { MIGRATIONS } from '#src/tickets/migrations.js';
import { TcpProxy } from '../fixtures/tcp-proxy.js';
import { CrashingNode } from './crashing-node.js';
import { NodeProcess } from './node-process.js';
import { ANSWER, network } from './question.js';

t.test('crashes at each write of a fresh journal: nothing sent after its first cursor is lost', async (t) => {
  const { chain, files, ask, settlement, ticket } = await network(t);
  // Each life goes one write further on what the one before left. Once there is a schema, a life's first write
  // says whose journal it is, its second keeps the model's profile, its third is the cursor.
  const lives = [
    [1, 'before'],
    ...MIGRATIONS.map(() => [1, 'after'] as const),
    ...[2, 3].flatMap((write) => [[write, 'before'] as const, [write, 'after'] as const]),
  ] as const;
  for (const [write, phase] of lives) {
    const node = new CrashingNode(t, files, { from: 'life', write, phase, act: 'die' });
    t.equal(await node.ended, 'SIGKILL', `it dies ${phase} write ${write}`);
  }
  const id = await ask();
  const node = new NodeProcess(files);
  t.teardown(() => node.kill());
  await settlement(id);
  t.match(await ticket(id, ({ state }) => state === 'settled'), { answer: { text: ANSWER } });
  t.strictSame(
    chain.commitments().map(({ ticketId, succeeded }) => ({ ticketId, succeeded })),
    [{ ticketId: id, succeeded: true }],
  );
  t.equal(await node.stop(), '0');
});

t.test('a crash between sending a commitment and the answer to it', async (t) => {
  let proxy: TcpProxy | undefined;
  const { chain, files, ask, settlement, ticket } = await network(t, async (chain) => {
    proxy = await new TcpProxy(chain.url).start();
    return proxy.url;
  });
  t.teardown(() => proxy?.stop());
  // Entered, running, answered, signed: it stands still with the signed transaction on the disk, unsent.
  const node = new CrashingNode(t, files, { from: 'ticket', write: 4, phase: 'after', act: 'wait' });
  t.ok(await node.ready);
  await node.arm();
  const id = await ask();
  t.equal(await node.reached, 'committing');
  t.strictSame(chain.commitments(), [], 'nothing is sent before it is written');
  const { digest } = await ticket(id, ({ state }) => state === 'committing');
  proxy?.swallowReplies();
  node.release();
  await settlement(id);
  t.equal((await ticket(id, () => true)).state, 'committing', 'the node does not know that it has');
  await node.kill();
  await proxy?.stop();
  await proxy?.start();

  const next = new NodeProcess(files);
  t.teardown(() => next.kill());
  const done = await ticket(id, ({ state }) => state === 'settled');
  t.equal(done.digest, digest, 'the same transaction');
  // What it sends after the settlement, were there anything, is sent before it stops.
  await next.ready;
  t.equal(await next.stop(), '0');
  t.strictSame(
    chain.commitments().map((commitment) => commitment.digest),
    [digest],
  );
});
