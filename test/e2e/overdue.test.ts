import t from 'tap';
import { SettlementStage, TIMEOUT_MS, until } from '../fixtures/settlement-stage.js';

t.test('a node that is silent loses its place to another one, for the other nodes see to it', async (t) => {
  const stage = await SettlementStage.set(t);
  const honest = await stage.join();
  const silent = await stage.join({ mute: true });
  const { ticketId, nodes } = await stage.send({ nodesToSample: 2n });
  t.strictSame([...nodes].sort(), [honest.smallId, silent.smallId]);
  // Nobody could take the place if it joined later than this.
  const successor = await stage.join();
  await honest.reaches(ticketId, 'committed');
  await successor.reaches(ticketId, 'settled');
  await honest.reaches(ticketId, 'settled');
  const failed = await silent.reaches(ticketId, 'settled');
  t.match(
    failed.history.find(({ state }) => state === 'failed'),
    { reason: `timed out: the chain has slashed this node and given its place to node ${successor.smallId}` },
  );
  t.match(failed.error, { code: 'ticket_timed_out' });
  t.equal(successor.ticket(ticketId)?.leafIndex, silent.ticket(ticketId)?.leafIndex, 'the same leaf');
  t.match(stage.chain.slashes(), [{ ticketId, smallId: silent.smallId, reason: 'timeout' }]);
  t.ok((stage.chain.feeEarned(ticketId, successor.smallId) ?? 0n) > 0n, 'the successor is paid');
  t.equal(honest.side.journal.settlements.nextDue(), undefined, 'nothing is waited for any more');
});

t.test('a node that was away asks for what became due meanwhile', async (t) => {
  const stage = await SettlementStage.set(t);
  const honest = await stage.join();
  const silent = stage.chain.addNode();
  const { ticketId } = await stage.send({ nodesToSample: 2n });
  await honest.reaches(ticketId, 'committed');
  const successor = await stage.join();
  await honest.stop();
  // What the dev chain counts is its own clock.
  stage.chain.advance(TIMEOUT_MS);
  t.equal(stage.chain.slashes().length, 0, 'nobody has asked yet');
  const again = await stage.join({ dir: honest.dir }, honest.operator);
  await again.reaches(ticketId, 'settled');
  await successor.reaches(ticketId, 'settled');
  t.match(stage.chain.slashes(), [{ smallId: silent.smallId, reason: 'timeout' }]);
});

t.test('a ticket that waits for nodes is tried again when one joins', async (t) => {
  const stage = await SettlementStage.set(t, { crossValidationChunks: 2, crossValidationPermille: 1000 });
  const first = await stage.join();
  const { ticketId } = await stage.send({ nodesToSample: null });
  await first.reaches(ticketId, 'committed');
  await until('the chain wants more nodes', () => stage.chain.ticket(ticketId)?.retryAtNodes);
  const second = await stage.join();
  await first.reaches(ticketId, 'settled');
  const extra = await second.reaches(ticketId, 'settled');
  t.match(extra, { leafIndex: 1n, chunksCount: 2n });
  t.equal(extra.answer?.root, first.ticket(ticketId)?.answer?.root, 'both committed as if all were there');
  t.ok(stage.chain.feeEarned(ticketId, second.smallId), 'and both are paid');
});

t.test('cross-validation with extra nodes asked at once', async (t) => {
  const stage = await SettlementStage.set(t, { crossValidationChunks: 3, crossValidationPermille: 1000 });
  const members = await Promise.all([stage.join(), stage.join(), stage.join()]);
  const { ticketId, nodes } = await stage.send({ nodesToSample: null });
  t.equal(nodes.length, 1);
  const tickets = await Promise.all(members.map((member) => member.reaches(ticketId, 'settled')));
  t.strictSame(tickets.map(({ leafIndex }) => leafIndex).sort(), [0n, 1n, 2n]);
  t.equal(new Set(tickets.map(({ answer }) => answer?.root)).size, 1);
  t.equal(new Set(tickets.map(({ answer }) => answer?.leaf)).size, 3);
});
