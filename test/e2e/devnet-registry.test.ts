import type { Transaction } from '@mysten/sui/transactions';
import t from 'tap';
import { ABORT } from '#src/chain/index.js';
import { COLLATERAL } from '#src/devnet/contract/registry.js';
import type { Devnet } from '#src/devnet/index.js';
import {
  commit,
  eventNames,
  promptEvent,
  send,
  sendPrompt,
  simulatedAbort,
  startDevnet,
  tomaBalance,
} from './devnet-client.js';

/** A call of `db`, with the database first. */
function dbCall(
  devnet: Devnet,
  name: string,
  rest: (tx: Transaction) => Parameters<Transaction['moveCall']>[0]['arguments'],
) {
  return (tx: Transaction): void => {
    const target = `${devnet.packageId}::db::${name}`;
    tx.moveCall({ target, arguments: [tx.object(devnet.atomaDbId), ...(rest(tx) ?? [])] });
  };
}

t.test('anybody with collateral registers, subscribes, leaves and gets it back', async (t) => {
  const fixture = await startDevnet(t);
  const { devnet, client } = fixture;
  const user = devnet.addUser();
  const before = await tomaBalance(fixture, user.address);
  const register = dbCall(devnet, 'register_node_entry', (tx) => [tx.object(user.tomaCoinId)]);
  const registered = await send(client, user, register);
  t.same(eventNames(registered.events), ['db::NodeRegisteredEvent']);
  t.equal(before - (await tomaBalance(fixture, user.address)), COLLATERAL);
  const { objects } = await client.listOwnedObjects({
    owner: user.address,
    type: `${devnet.packageId}::db::NodeBadge`,
    include: { content: true },
  });
  const badgeId = objects[0]?.objectId ?? '';
  t.equal(objects.length, 1);
  t.equal(objects[0]?.content?.length, 40, 'id and small id');

  const refused = async (code: number, build: (tx: Transaction) => void) =>
    t.equal(await simulatedAbort(send(client, user, build)), String(code));
  const withModel = (name: string, number: bigint) =>
    dbCall(devnet, name, (tx) => [tx.object(badgeId), tx.pure.string(devnet.model), tx.pure.u64(number)]);
  await refused(ABORT.echelonNotFound, withModel('add_node_to_model', 9n));
  await refused(ABORT.notSubscribed, withModel('remove_node_from_model', 0n));
  const subscribed = await send(client, user, withModel('add_node_to_model', 0n));
  t.same(eventNames(subscribed.events), ['db::NodeSubscribedToModelEvent']);
  await refused(ABORT.alreadySubscribed, withModel('add_node_to_model', 0n));
  await refused(ABORT.nodeIndexMismatch, withModel('remove_node_from_model', 1n));
  await send(client, user, withModel('remove_node_from_model', 0n));
  await refused(ABORT.notSubscribed, withModel('remove_node_from_model', 0n));
  await send(client, user, withModel('add_node_to_model', 0n));

  const withBadge = (name: string) => dbCall(devnet, name, (tx) => [tx.object(badgeId)]);
  await refused(ABORT.waitBeforeDestroy, withBadge('destroy_disabled_node'));
  await send(client, user, withBadge('permanently_disable_node'));
  await refused(ABORT.alreadyDisabled, withBadge('permanently_disable_node'));
  await refused(ABORT.noEligibleEchelons, sendPrompt(devnet, user));
  devnet.nextEpoch();
  await refused(ABORT.waitBeforeDestroy, withBadge('destroy_disabled_node'));
  devnet.nextEpoch();
  await send(client, user, withBadge('destroy_disabled_node'));
  t.equal(await tomaBalance(fixture, user.address), before);
  await t.rejects(client.getObject({ objectId: badgeId }), { code: 'notExists' });
});

t.test('fees can be drawn in the epoch after they were earned', async (t) => {
  const fixture = await startDevnet(t);
  const { devnet, client } = fixture;
  const node = devnet.addNode();
  const user = devnet.addUser();
  const { ticket_id: ticketId } = promptEvent((await send(client, user, sendPrompt(devnet, user))).events);
  await send(client, node, commit(devnet, node, { text: 'blue', ticketId }));
  const withdraw = dbCall(devnet, 'withdraw_fees', (tx) => [tx.object(node.badgeId)]);
  const before = await tomaBalance(fixture, node.address);
  await send(client, node, withdraw);
  t.equal((await tomaBalance(fixture, node.address)) - before, 0n, 'not in the same epoch');
  devnet.advance(3_600_000);
  await send(client, node, withdraw);
  t.equal((await tomaBalance(fixture, node.address)) - before, 10n);
  await send(client, node, withdraw);
  t.equal((await tomaBalance(fixture, node.address)) - before, 10n, 'once');
});

t.test('the manager adds models and echelons; nobody else can', async (t) => {
  const { devnet, client } = await startDevnet(t);
  const node = devnet.addNode();
  const user = devnet.addUser();
  const add = dbCall(devnet, 'add_model_entry', (tx) => [
    tx.object(devnet.manager.badgeId),
    tx.pure.string('another'),
    tx.pure.u64(0n),
  ]);
  await t.rejects(send(client, user, add), { message: /is owned by/ });
  await send(client, devnet.manager, add);
  await send(
    client,
    devnet.manager,
    dbCall(devnet, 'add_model_echelon_entry', (tx) => [
      tx.object(devnet.manager.badgeId),
      tx.pure.string('another'),
      ...[3n, 5n, 7n, 100n].map((number) => tx.pure.u64(number)),
    ]),
  );
  const subscribe = dbCall(devnet, 'add_node_to_model', (tx) => [
    tx.object(node.badgeId),
    tx.pure.string('another'),
    tx.pure.u64(3n),
  ]);
  await send(client, node, subscribe);
  const cheap = sendPrompt(devnet, user, { model: 'another', maxFee: 6n });
  await t.rejects(send(client, user, cheap), { message: new RegExp(String(ABORT.noEligibleEchelons)) });
  const sent = await send(client, user, sendPrompt(devnet, user, { model: 'another', maxFee: 7n }));
  t.equal(promptEvent(sent.events).params.model, 'another');
});
