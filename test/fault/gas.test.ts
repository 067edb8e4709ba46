import { ChannelCredentials } from '@grpc/grpc-js';
import { SuiGrpcClient } from '@mysten/sui/grpc';
import { GrpcTransport } from '@protobuf-ts/grpc-transport';
import t, { type Test } from 'tap';
import { z } from 'zod';
import type { DevnetNode } from '#src/devnet/index.js';
import { commit, send } from '../e2e/devnet-client.js';
import { parseMetrics } from '../e2e/rpc-prometheus.js';
import { Network, type Serving, until } from './network.js';

/** In MIST: what the node reckons with for a commitment before it has made one. */
const FIRST_GUESS_MIST = 10_000_000n;
const PLENTY_MIST = 1_000_000_000n;

interface Setup {
  readonly network: Network;
  readonly client: SuiGrpcClient;
  /** Asks two nodes, so that the first one to commit pays for storage and nothing settles by it. */
  ask(): Promise<string>;
  /** Commits as the other node to what the node at work has answered; the ticket settles by that. */
  agree(serving: Serving, ticketId: string): Promise<void>;
}

async function setUp(t: Test): Promise<Setup> {
  const network = await Network.start(t);
  const { chain } = network;
  const transport = new GrpcTransport({
    host: chain.url.slice('http://'.length),
    channelCredentials: ChannelCredentials.createInsecure(),
  });
  t.teardown(() => transport.close());
  const client = new SuiGrpcClient({ network: 'devnet', transport });
  const peer = chain.addNode();
  const ask = async () => (await network.send({ nodesToSample: 2n })).ticketId;
  const agree: Setup['agree'] = async (serving, ticketId) => {
    const { answer, leaf_index } = await serving.ticket(ticketId);
    if (!answer) throw new Error(`no answer to ${ticketId}`);
    const { text, input_tokens, output_tokens } = answer;
    const counts = { inputTokens: BigInt(input_tokens), outputTokens: BigInt(output_tokens) };
    const leaf = { index: 1n - BigInt(leaf_index), chunks: 2n };
    await send(client, peer, commit(chain, peer, { text, ticketId, ...leaf, ...counts }));
  };
  return { network, client, ask, agree };
}

async function gasOf(serving: Serving): Promise<{ readonly runway: number; readonly balance: bigint }> {
  const info = await serving.call('atoma_nodeInfo');
  const Gas = z.object({ runway_tickets: z.number(), balance: z.string() });
  const { gas } = z.object({ chain: z.object({ gas: Gas }) }).parse(info).chain;
  return { runway: gas.runway_tickets, balance: BigInt(gas.balance) };
}

/** Sends all of a node's gas away, behind the node's back. */
async function drain(client: SuiGrpcClient, node: DevnetNode, to: string): Promise<void> {
  const { status } = await send(client, node, (tx) => tx.transferObjects([tx.gas], to));
  if (!status.success) throw new Error('the wallet could not be drained');
}

t.test('a wallet that runs low stops intake before it is empty, and a top-up starts it again', async (t) => {
  const { network, ask, agree } = await setUp(t);
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
  t.match(serving.node.log, `no more tickets are taken: ${reason.split(' has gas')[0]}`);
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
  t.match(serving.node.log, 'the wallet has gas again');
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

t.test('a wallet that is emptied behind the node keeps what is due until it is paid', async (t) => {
  const { network, client, ask, agree } = await setUp(t);
  const { chain, account } = network;
  const operator = chain.addNode();
  const seat = await network.seat(operator);
  const serving = await seat.serve();
  const before = await ask();
  await until('it commits', async () => (await serving.ticket(before)).state === 'committed');

  await drain(client, operator, account.address);
  const due = [await ask(), await ask()];
  await until('the node notices', async () => (await serving.readyz()).status === 503);
  t.match(
    (await serving.readyz()).reasons[0],
    new RegExp(`${operator.address} could not pay for [12] that are due`),
  );
  t.match(serving.node.log, /out_of_gas/);
  const later = await ask();
  await until('the ticket is in the journal', async () => (await serving.counts())['received'] !== undefined);
  t.equal((await serving.ticket(later)).state, 'received');

  // What is due goes first, also after a restart, and whatever margin is kept of the wallet.
  t.equal(await serving.node.stop(), '0');
  chain.payNode(operator.address, 7_000_000n);
  const node = seat.start();
  const again = seat.through(node, await node.ready);
  for (const id of due) {
    await until('it is paid for', async () => (await again.ticket(id)).state === 'committed');
  }
  t.match((await again.readyz()).reasons[0], /has gas for [0-5] more commitments only/);
  t.equal((await again.ticket(later)).state, 'received');

  chain.payNode(operator.address, PLENTY_MIST);
  await until('the last one is committed', async () => (await again.ticket(later)).state === 'committed');
  for (const id of [before, ...due, later]) await agree(again, id);
  await network.settled(before, ...due, later);
});
