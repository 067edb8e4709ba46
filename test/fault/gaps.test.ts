import t from 'tap';
import { Network } from './network.js';

t.test('history that was pruned before it was read ends the node, unless gaps are accepted', async (t) => {
  const network = await Network.start(t);
  const { chain } = network;
  const seat = await network.seat(chain.addNode());
  const before = await seat.serve();
  await network.settled((await network.send()).ticketId);
  t.equal(await before.node.stop(), '0');
  await network.send();
  chain.prune();

  const refused = seat.start();
  t.equal(await refused.ended, '1');
  t.match(
    refused.log,
    /error: events from checkpoint \d+ on are wanted.*\d+ checkpoints are missing.*--accept-gap/,
  );

  const accepted = await seat.serve('--accept-gap');
  t.match(accepted.node.log, /"missing":"\d+".*has pruned events that were not read; going on without them/);
  await network.settled((await network.send()).ticketId);

  // The same while it runs, during an outage: what it follows then is no longer whole.
  t.equal(await accepted.node.stop(), '0');
  const running = await seat.serve();
  const back = await chain.goOffline();
  chain.prune();
  await back();
  t.equal(await running.node.ended, '1');
  t.match(running.node.log, /error: events from checkpoint \d+ on.*--accept-gap/);
});

t.test('a chain that goes away and comes back loses nothing, whether the node is up or down', async (t) => {
  const network = await Network.start(t);
  const { chain } = network;
  const seat = await network.seat(chain.addNode());
  const up = await seat.serve();
  await (await chain.goOffline())();
  await network.settled((await network.sendPatiently()).ticketId);
  t.equal(await up.node.stop(), '0');

  const sentWhileDown = await network.sendPatiently();
  await (await chain.goOffline())();
  const again = await seat.serve();
  await network.settled(sentWhileDown.ticketId, (await network.sendPatiently()).ticketId);
  t.equal(await again.node.stop(), '0');
  t.equal(chain.commitments().length, 3);
});

t.test('a node that is started before its chain waits for it', async (t) => {
  const network = await Network.start(t);
  const { chain } = network;
  const seat = await network.seat(chain.addNode());
  t.equal(await (await seat.serve()).node.stop(), '0');
  const { ticketId } = await network.send();

  const back = await chain.goOffline();
  const node = seat.start();
  const waiting = seat.through(node, await node.listening);
  await waiting.untilReason(/the chain is not connected yet: .*127\.0\.0\.1/);
  t.equal((await waiting.readyz()).status, 503);
  t.equal((await fetch(`${waiting.url}/healthz`)).status, 200);
  t.match(await waiting.call('atoma_nodeInfo'), { chain: null });
  await t.rejects(waiting.call('atoma_generate', { prompt: 'hi', max_tokens: 2 }), /not_ready/);
  await back();
  await network.settled(ticketId);
  await waiting.untilReady();
  t.equal(await node.stop(), '0');
});

t.test('a chain that was made anew is followed from its tip', async (t) => {
  const first = await Network.start(t, { seed: 11n });
  const old = await first.seat(first.chain.addNode());
  const before = await old.serve();
  t.match(before.node.log, "no cursor yet: starting at the chain's tip");
  await first.settled((await first.send({ prompt: 'What is 3 plus 4?' })).ticketId);
  t.equal(await before.node.stop(), '0');

  const second = await Network.start(t, { seed: 11n });
  t.not(second.chain.chainId, first.chain.chainId);
  const operator = second.chain.addNode();
  t.equal(operator.badgeId, old.operator.badgeId, 'the same badge, as the journal wants it');
  const anew = await second.seat(operator, { dir: old.dir });
  const after = await anew.serve();
  t.match(after.node.log, /was read on another chain.*starting at the tip of this one/);
  t.match(after.node.log, `sui:${first.chain.chainId}`);
  await second.settled((await second.send({ prompt: 'Name a color.' })).ticketId);
  t.equal(await after.node.stop(), '0');
});
