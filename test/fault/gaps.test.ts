import t from 'tap';
import { logged, Network } from './network.js';

const REFUSAL =
  /error: events from checkpoint \d+ on are wanted.*keeps them from checkpoint \d+ on only: \d+ checkpoints are missing.*--accept-gap/;

t.test('history that was pruned before it was read ends the node, unless gaps are accepted', async (t) => {
  const network = await Network.start(t);
  const { chain } = network;
  const seat = await network.seat(chain.addNode());
  const running = await seat.serve();
  await network.settled((await network.send()).ticketId);

  // While it runs, during an outage: what it would follow then is no longer whole.
  const back = await chain.goOffline();
  // Checkpoints that nobody can have seen.
  chain.advance(1);
  chain.prune();
  await back();
  t.equal(await running.node.ended, '1');
  await logged(running.node, REFUSAL);

  await network.renewUser();
  const { ticketId: lost } = await network.send();
  chain.prune();
  const refused = seat.start();
  t.equal(await refused.ended, '1');
  await logged(refused, REFUSAL);

  const accepted = await seat.serve('--accept-gap');
  await logged(accepted.node, /"missing":"\d+".*has pruned events that were not read; going on without them/);
  await network.settled((await network.send()).ticketId);
  t.notOk(
    chain.commitments().some(({ ticketId }) => ticketId === lost),
    'what was in the gap is lost',
  );
  t.equal(await accepted.node.stop(), '0');
});
