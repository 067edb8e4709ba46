import t from 'tap';
import { EVENT_LAYOUTS, floatToBits } from '#src/chain/index.js';
import { Network, type Serving, until } from './network.js';

const FOREIGN = `0x${'ab'.repeat(32)}`;

/** A prompt event for a ticket, whatever the chain has under that id. */
function promptBytes(network: Network, ticketId: string, smallId: bigint, prompt: string): Uint8Array {
  return EVENT_LAYOUTS['gate::Text2TextPromptEvent']
    .serialize({
      ticket_id: ticketId,
      params: {
        max_tokens: 4n,
        model: network.chain.model,
        pre_prompt_tokens: [],
        prepend_output_with_input: false,
        prompt,
        random_seed: 1n,
        repeat_last_n: 0n,
        repeat_penalty: floatToBits(1),
        should_stream_output: true,
        temperature: floatToBits(0),
        top_k: 0n,
        top_p: floatToBits(1),
      },
      chunks_count: 1n,
      nodes: [{ inner: smallId }],
      output_destination: [],
    })
    .toBytes();
}

/** Everything that a node must pass over, after a ticket that has settled. */
function emitOddities({ chain }: Network, settledId: string, duplicate: Uint8Array): void {
  const own = (name: string) => `${chain.packageId}::${name}`;
  const settled = EVENT_LAYOUTS['settlement::SettledEvent']
    .serialize({ ticket_id: settledId, oracle_node_id: null })
    .toBytes();
  chain.emitRaw(own('gate::Text2TextPromptEvent'), duplicate);
  chain.emitRaw(`${FOREIGN}::gate::Text2TextPromptEvent`, duplicate);
  chain.emitRaw(own('gate::BrandNewEvent'), Uint8Array.of(1, 2, 3));
  chain.emitRaw(own('gate::Text2TextPromptEvent'), Uint8Array.of(1, 2, 3));
  chain.emitRaw(own('settlement::SettledEvent'), Uint8Array.of(...settled, 0));
  chain.emitRaw(own('settlement::SettledEvent'), settled);
}

function unreadable(serving: Serving): readonly string[] {
  return serving.node.log.split('\n').filter((line) => line.includes('an event cannot be read'));
}

t.test('events that are double, foreign, unknown or broken do not hold up a good one', async (t) => {
  const network = await Network.start(t);
  const { chain } = network;
  const operator = chain.addNode();
  const seat = await network.seat(operator);

  const live = await seat.serve();
  const first = await network.send();
  await network.settled(first.ticketId);
  // Another prompt under the same ticket: the first one stands.
  const duplicate = promptBytes(network, first.ticketId, operator.smallId, 'Name a color.');
  emitOddities(network, first.ticketId, duplicate);
  const second = await network.send();
  await network.settled(second.ticketId);
  await until('both are logged', () => unreadable(live).length >= 2);
  t.equal(unreadable(live).length, 2, 'the broken and the trailing one are logged');
  t.match(unreadable(live)[0], /"reason":"it ends after 3 bytes.*gate::Text2TextPromptEvent/);
  t.match(unreadable(live)[1], /"reason":"1 bytes follow the 33 .*settlement::SettledEvent/);
  t.notMatch(live.node.log, /ALARM|BrandNew|abab/);
  t.equal(await live.node.stop(), '0');

  // The same again, read from the history.
  emitOddities(network, first.ticketId, duplicate);
  const third = await network.send();
  const replayed = await seat.serve();
  await network.settled(third.ticketId);
  await until('the node has read all of it', async () => (await replayed.counts())['settled'] === 3);
  await until('both are logged again', () => unreadable(replayed).length >= 2);
  t.equal(unreadable(replayed).length, 2);
  t.strictSame(await replayed.counts(), { settled: 3 });
  t.strictSame(
    chain.commitments().map(({ ticketId, succeeded }) => [ticketId, succeeded]),
    [first, second, third].map(({ ticketId }) => [ticketId, true]),
    'each was committed once',
  );
  t.equal(await replayed.node.stop(), '0');
});
