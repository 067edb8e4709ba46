import type { SuiGrpcClient } from '@mysten/sui/grpc';
import t from 'tap';
import type { DevnetNode } from '#src/devnet/index.js';
import { send } from '../e2e/devnet-client.js';
import { PLENTY_MIST, startGasNetwork } from './gas-network.js';
import { logged, until } from './network.js';

/** Sends all of a node's gas away, behind the node's back. */
async function drain(client: SuiGrpcClient, node: DevnetNode, to: string): Promise<void> {
  const { status } = await send(client, node, (tx) => tx.transferObjects([tx.gas], to));
  if (!status.success) throw new Error('the wallet could not be drained');
}

t.test('a wallet that is emptied behind the node keeps what is due until it is paid', async (t) => {
  const { network, client, ask, agree } = await startGasNetwork(t);
  const { chain, account } = network;
  const operator = chain.addNode();
  const seat = await network.seat(operator);
  const serving = await seat.serve();
  const before = await ask();
  await until('it commits', async () => (await serving.ticket(before)).state === 'committed');

  await drain(client, operator, account.address);
  const asked = [await ask(), await ask()];
  await until('the node notices', async () => (await serving.readyz()).status === 503);
  t.match(
    (await serving.readyz()).reasons[0],
    new RegExp(`${operator.address} could not pay for [12] that are due`),
  );
  await logged(serving.node, /out_of_gas/);
  // The node may have noticed between the two: one that it has not begun then is not due.
  const states = await Promise.all(asked.map(async (id) => (await serving.ticket(id)).state));
  const due = asked.filter((_, index) => states[index] !== 'received');
  t.not(due.length, 0);
  const later = await ask();
  await until('the ticket is in the journal', async () => (await serving.counts())['received'] !== undefined);
  t.equal((await serving.ticket(later)).state, 'received');

  // What is due goes first, also after a restart, and whatever margin is kept of the wallet.
  t.equal(await serving.node.stop(), '0');
  chain.payNode(operator.address, 12_000_000n);
  const node = seat.start();
  const again = seat.through(node, await node.ready);
  for (const id of due) {
    await until('it is paid for', async () => (await again.ticket(id)).state === 'committed');
  }
  t.match((await again.readyz()).reasons[0], /has gas for [0-5] more commitments only/);
  t.equal((await again.ticket(later)).state, 'received');

  chain.payNode(operator.address, PLENTY_MIST);
  await until('the last one is committed', async () => (await again.ticket(later)).state === 'committed');
  for (const id of [before, ...asked, later]) {
    await until('it is committed', async () => (await again.ticket(id)).state === 'committed');
    await agree(again, id);
  }
  await network.settled(before, ...asked, later);
});
