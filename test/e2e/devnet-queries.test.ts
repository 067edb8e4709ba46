import { bcs } from '@mysten/sui/bcs';
import { SUI_TYPE_ARG } from '@mysten/sui/utils';
import t from 'tap';
import { startDevnet, tomaBalance } from './devnet-client.js';

t.test('the chain says what it is', async (t) => {
  const { devnet, client } = await startDevnet(t, { checkpointMs: 10 });
  const { response: info } = await client.ledgerService.getServiceInfo({});
  t.equal(info.chainId, devnet.chainId);
  t.equal(info.lowestAvailableCheckpoint, 0n);
  const { chainIdentifier } = await client.core.getChainIdentifier();
  t.equal(chainIdentifier, devnet.chainId);
  t.equal((await client.getReferenceGasPrice()).referenceGasPrice, '1000');
  const genesis = await client.ledgerService.getCheckpoint({
    checkpointId: { oneofKind: 'sequenceNumber', sequenceNumber: 0n },
    readMask: { paths: ['*'] },
  });
  t.equal(genesis.response.checkpoint?.digest, devnet.chainId);
  t.equal(genesis.response.checkpoint?.transactions.length, 1);
});

t.test('epochs come by the clock and on request', async (t) => {
  const { devnet, client } = await startDevnet(t, { epochMs: 60_000 });
  const epochOf = async () => (await client.ledgerService.getServiceInfo({})).response.epoch;
  t.equal(await epochOf(), 0n);
  devnet.advance(59_000);
  t.equal(await epochOf(), 0n);
  devnet.advance(121_000);
  t.equal(await epochOf(), 3n);
  devnet.nextEpoch();
  t.equal(await epochOf(), 4n);
  const paths = ['epoch', 'start', 'end', 'first_checkpoint', 'last_checkpoint'];
  const epoch = async (number: bigint) =>
    (await client.ledgerService.getEpoch({ epoch: number, readMask: { paths } })).response.epoch;
  const [first, second] = [await epoch(0n), await epoch(1n)];
  t.equal((first?.end?.seconds ?? 0n) - (first?.start?.seconds ?? 0n), 60n);
  t.same(first?.end, second?.start);
  t.equal((first?.lastCheckpoint ?? 0n) + 1n, second?.firstCheckpoint);
  await t.rejects(epoch(9n), { code: 'NOT_FOUND' });
});

t.test('objects: coins and badges with their contents, versions, owners', async (t) => {
  const fixture = await startDevnet(t);
  const { devnet, client } = fixture;
  const node = devnet.addNode();
  const user = devnet.addUser();
  const missing = `0x${'f'.repeat(64)}`;
  const { objects } = await client.getObjects({
    objectIds: [user.tomaCoinId, node.badgeId, missing, devnet.atomaDbId],
    include: { content: true, objectBcs: true, previousTransaction: true },
  });
  const [coin, badge, none, database] = objects;
  if (coin instanceof Error || badge instanceof Error || database instanceof Error)
    throw new Error('missing');
  t.match(none, { code: 'notExists' });
  t.match(coin, { owner: { AddressOwner: user.address }, type: /::coin::Coin<0x[0-9a-f]{64}::toma::TOMA>$/ });
  const Coin = bcs.struct('Coin', { id: bcs.Address, balance: bcs.u64() });
  t.equal(Coin.parse(coin?.content ?? new Uint8Array()).id, user.tomaCoinId);
  t.equal(
    BigInt(Coin.parse(coin?.content ?? new Uint8Array()).balance),
    await tomaBalance(fixture, user.address),
  );
  const inside = bcs.Object.parse(badge?.objectBcs ?? new Uint8Array());
  t.match(inside, { owner: { AddressOwner: node.address }, previousTransaction: badge?.previousTransaction });
  t.match(inside.data.Move?.type.Other, { module: 'db', name: 'NodeBadge' });
  t.match(database?.owner, { Shared: { initialSharedVersion: '1' } });

  const old = await client.ledgerService.getObject({ objectId: devnet.atomaDbId, version: 1n });
  t.equal(old.response.object?.version, 1n);
  t.not(old.response.object?.version, BigInt(database?.version ?? 0));
});

t.test('read masks leave out what was not asked for', async (t) => {
  const { devnet, client } = await startDevnet(t);
  const user = devnet.addUser();
  const get = async (paths?: string[]) => {
    const mask = paths === undefined ? {} : { readMask: { paths } };
    return (await client.ledgerService.getObject({ objectId: user.tomaCoinId, ...mask })).response.object;
  };
  t.same(Object.keys((await get()) ?? {}).sort(), ['digest', 'objectId', 'version']);
  t.same(Object.keys((await get(['balance'])) ?? {}), ['balance']);
  t.same(await get(['owner.kind']), { owner: { kind: 1 } });
  t.ok((await get(['*']))?.bcs?.value);
  await t.rejects(get(['no_such_field']), { code: 'INVALID_ARGUMENT', message: /no_such_field/ });

  const { response: genesis } = await client.ledgerService.getCheckpoint({
    checkpointId: { oneofKind: 'sequenceNumber', sequenceNumber: 1n },
    readMask: { paths: ['transactions.transaction.kind.programmable_transaction.commands'] },
  });
  const transaction = genesis.checkpoint?.transactions[0]?.transaction;
  const data = transaction?.kind?.data;
  t.equal(transaction?.sender, undefined);
  t.equal(data?.oneofKind, 'programmableTransaction');
  if (data?.oneofKind === 'programmableTransaction') {
    t.equal(data.programmableTransaction.commands.length, 2);
    t.equal(data.programmableTransaction.inputs.length, 0);
  }
});

t.test('what an address owns: by type, in pages, summed up', async (t) => {
  const { devnet, client } = await startDevnet(t);
  const user = devnet.addUser();
  const owned = await client.listOwnedObjects({ owner: user.address });
  t.equal(owned.objects.length, 3, 'two gas coins and one of TOMA');
  const first = await client.listOwnedObjects({ owner: user.address, limit: 2 });
  t.equal(first.hasNextPage, true);
  const second = await client.listOwnedObjects({ owner: user.address, limit: 2, cursor: first.cursor });
  t.equal(second.hasNextPage, false);
  t.same([...first.objects, ...second.objects], owned.objects);
  const coins = await client.listCoins({ owner: user.address });
  t.equal(coins.objects.length, 2);
  const any = await client.listOwnedObjects({ owner: user.address, type: '0x2::coin::Coin' });
  t.equal(any.objects.length, 3, 'a type without arguments matches all of them');
  const { balances } = await client.listBalances({ owner: user.address });
  t.equal(balances.length, 2);
  const { coinMetadata } = await client.getCoinMetadata({ coinType: `${devnet.tomaPackageId}::toma::TOMA` });
  t.match(coinMetadata, { symbol: 'TOMA' });
  t.match((await client.getCoinMetadata({ coinType: SUI_TYPE_ARG })).coinMetadata, { decimals: 9 });
});

t.test('functions are described as the contract declares them, with and without Random', async (t) => {
  for (const randomArgument of [true, false]) {
    const { devnet, client } = await startDevnet(t, { randomArgument });
    const { function: found } = await client.core.getMoveFunction({
      packageId: devnet.packageId,
      moduleName: 'settlement',
      name: 'submit_commitment',
    });
    const types = found.parameters.map(({ reference, body }) => {
      const name = body.$kind === 'datatype' ? body.datatype.typeName.split('::').at(-1) : body.$kind;
      return `${reference ?? 'value'} ${name}`;
    });
    t.same(types, [
      'mutable AtomaDb',
      'immutable NodeBadge',
      'value ID',
      'value u64',
      'value u64',
      'value vector',
      'value vector',
      ...(randomArgument ? ['immutable Random'] : []),
      'mutable TxContext',
    ]);
    await t.rejects(
      client.core.getMoveFunction({ packageId: devnet.packageId, moduleName: 'settlement', name: 'nothing' }),
      { code: 'NOT_FOUND' },
    );
    const { response } = await client.movePackageService.getPackage({ packageId: devnet.packageId });
    t.same(
      response.package?.modules.map(({ name }) => name),
      ['db', 'gate', 'prompts', 'settlement'],
    );
  }
});

t.test('what is not served says so', async (t) => {
  const { client } = await startDevnet(t);
  await t.rejects(client.stateService.getBalance({ owner: '0x1' }).response, { code: 'INVALID_ARGUMENT' });
  await t.rejects(client.movePackageService.getDatatype({}).response, {
    code: 'UNIMPLEMENTED',
    message: /dev chain/,
  });
  await t.rejects(
    (async () => {
      for await (const _ of client.ledgerService.listCheckpoints({}).responses);
    })(),
    { code: 'UNIMPLEMENTED' },
  );
});

t.test('a seed makes the same chain again', async (t) => {
  const [a, b, c] = await Promise.all([startDevnet(t), startDevnet(t), startDevnet(t, { seed: 8n })]);
  t.equal(a.devnet.packageId, b.devnet.packageId);
  t.same(a.devnet.addNode(), b.devnet.addNode());
  t.not(a.devnet.packageId, c.devnet.packageId);
  await t.rejects(startDevnet(t, { port: 70_000 }), { code: 'invalid_options' });
});
