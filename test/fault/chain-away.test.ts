import t from 'tap';
import { Network } from './network.js';

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
