import t from 'tap';
import { Network, type Serving, until } from './network.js';

/** Prompts without `nodes_to_sample` ask one node and leave room for another, whom the test asks. */
const CROSS_VALIDATED = { crossValidationChunks: 2, crossValidationPermille: undefined };

async function leafOf(serving: Serving, ticketId: string): Promise<string> {
  await until('the ticket settles in its journal', async () => {
    const ticket = await serving.ticket(ticketId).catch(() => undefined);
    return ticket?.state === 'settled';
  });
  return (await serving.ticket(ticketId)).leaf_index;
}

t.test('a node that is sampled later reads the prompt from the chain, or has seen it', async (t) => {
  const network = await Network.start(t, CROSS_VALIDATED);
  const { chain } = network;
  const first = chain.addNode();
  const a = await (await network.seat(first)).serve();
  const releaseIndex = chain.holdIndex();
  const early = await network.send({ nodesToSample: null });
  t.strictSame(early.nodes, [first.smallId]);
  await until('the first commits', async () => (await a.ticket(early.ticketId)).state === 'committed');

  // Another one joins, whose journal begins after the prompt. The endpoint's index does not have it yet.
  const second = chain.addNode();
  const b = await (await network.seat(second)).serve();
  chain.sampleMore(early.ticketId, second.smallId);
  const marker = await network.send({ nodesToSample: 2n });
  await until('the sampling was read', async () =>
    ['committed', 'settled'].includes((await b.ticket(marker.ticketId).catch(() => ({ state: '' }))).state),
  );
  releaseIndex();
  await network.settled(early.ticketId, marker.ticketId);
  t.equal(await leafOf(a, early.ticketId), '0');
  t.equal(await leafOf(b, early.ticketId), '1');
  for (const { smallId } of [first, second]) t.ok(chain.feeEarned(early.ticketId, smallId), 'both are paid');

  // Both follow now, and keep the prompts of all.
  const later = await network.send({ nodesToSample: null });
  const [sampled, other] = later.nodes[0] === first.smallId ? [a, b] : [b, a];
  await until('it commits', async () => (await sampled.ticket(later.ticketId)).state === 'committed');
  await t.rejects(other.ticket(later.ticketId), 'it was not asked yet');
  chain.sampleMore(later.ticketId, other === a ? first.smallId : second.smallId);
  await network.settled(later.ticketId);
  t.equal(await leafOf(sampled, later.ticketId), '0');
  t.equal(await leafOf(other, later.ticketId), '1');
  const late = chain.commitments().filter(({ ticketId }) => ticketId === later.ticketId);
  t.equal(new Set(late.map(({ root }) => root)).size, 1, 'one root');
});
