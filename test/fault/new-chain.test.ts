import t from 'tap';
import { logged, Network } from './network.js';

t.test('a chain that was made anew is followed from its tip', async (t) => {
  const first = await Network.start(t, { seed: 11n });
  const old = await first.seat(first.chain.addNode());
  const before = await old.serve();
  await logged(before.node, /no cursor yet: starting at the chain's tip/);
  await first.settled((await first.send({ prompt: 'What is 3 plus 4?' })).ticketId);
  t.equal(await before.node.stop(), '0');

  const second = await Network.start(t, { seed: 11n });
  t.not(second.chain.chainId, first.chain.chainId);
  const operator = second.chain.addNode();
  t.equal(operator.badgeId, old.operator.badgeId, 'the same badge, as the journal wants it');
  const anew = await second.seat(operator, { dir: old.dir });
  const after = await anew.serve();
  await logged(after.node, /was read on another chain.*starting at the tip of this one/);
  await logged(after.node, new RegExp(`sui:${first.chain.chainId}`));
  await second.settled((await second.send({ prompt: 'Name a color.' })).ticketId);
  t.equal(await after.node.stop(), '0');
});
