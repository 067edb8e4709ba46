import t from 'tap';
import { z } from 'zod';
import { parseMetrics } from '../e2e/rpc-prometheus.js';
import { PLENTY_MIST, startGasNetwork } from './gas-network.js';
import { logged, type Serving, until } from './network.js';

/** In MIST: what the node reckons with for a commitment before it has made one. */
const FIRST_GUESS_MIST = 10_000_000n;

async function gasOf(serving: Serving): Promise<{ readonly runway: number; readonly balance: bigint }> {
  const info = await serving.call('atoma_nodeInfo');
  const Gas = z.object({ runway_tickets: z.number(), balance: z.string() });
  const { gas } = z.object({ chain: z.object({ gas: Gas }) }).parse(info).chain;
  return { runway: gas.runway_tickets, balance: BigInt(gas.balance) };
}

t.test('a wallet that runs low stops intake before it is empty, and a top-up starts it again', async (t) => {
  const { network, ask, agree } = await startGasNetwork(t);
  const { chain } = network;
  const operator = chain.addNode({ gasMist: 7n * FIRST_GUESS_MIST });
  const seat = await network.seat(operator);
  const serving = await seat.serve();
  t.strictSame(await gasOf(serving), { runway: 7, balance: 7n * FIRST_GUESS_MIST }, 'by the first guess');
  const metrics = parseMetrics(await (await fetch(`${serving.url}/metrics`)).text());
  t.equal(metrics.get('atoma_gas_runway_tickets')?.samples.get('{}'), 7);
  t.equal(metrics.get('atoma_gas_balance')?.samples.get('{}'), Number(7n * FIRST_GUESS_MIST));

  const tickets: string[] = [];
  while ((await serving.readyz()).status === 200 && tickets.length < 100) tickets.push(await ask());
  const [reason = ''] = (await serving.readyz()).reasons;
  t.match(reason, operator.address, 'names the wallet');
  t.match(reason, /has gas for [1-5] more commitments only; top it up/, 'and its runway');
  await logged(serving.node, /no more tickets are taken: the wallet 0x\w+ has gas for \d+ more/);
  const { runway } = await gasOf(serving);
  t.ok(runway > 0 && runway <= 5, `stopped with gas for ${runway} commitments`);

  const waiting = [await ask(), await ask(), await ask()];
  await until('the tickets are in the journal', async () => {
    const counts = await serving.counts();
    const known = Object.values(counts).reduce((sum, count) => sum + count, 0);
    return (
      known === tickets.length + waiting.length &&
      (counts['committed'] ?? 0) + (counts['received'] ?? 0) === known
    );
  });
  for (const id of waiting) t.equal((await serving.ticket(id)).state, 'received', 'kept, not run');

  chain.payNode(operator.address, PLENTY_MIST);
  await until('all are committed', async () => (await serving.counts())['received'] === undefined);
  await serving.untilReady();
  await logged(serving.node, /the wallet has gas again/);
  for (const id of [...tickets, ...waiting]) {
    await until('its commitment stands', async () => (await serving.ticket(id)).state === 'committed');
    await agree(serving, id);
  }
  await network.settled(...tickets, ...waiting);
  await until('the node has seen it', async () => {
    const counts = await serving.counts();
    return counts['settled'] === tickets.length + waiting.length && Object.keys(counts).length === 1;
  });
  t.notMatch(serving.node.log, /out_of_gas/);
});
