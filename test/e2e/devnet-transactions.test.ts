import { bcs } from '@mysten/sui/bcs';
import { Secp256k1Keypair } from '@mysten/sui/keypairs/secp256k1';
import { coinWithBalance, SerialTransactionExecutor, Transaction } from '@mysten/sui/transactions';
import { normalizeSuiAddress, SUI_TYPE_ARG } from '@mysten/sui/utils';
import t from 'tap';
import { type DevnetFixture, keypairOf, send, sendPrompt, startDevnet } from './devnet-client.js';

/** A transaction to nobody in particular, built and signed. */
async function signedTransfer({ client }: DevnetFixture, account: { secretKey: string; address: string }) {
  const transaction = new Transaction();
  transaction.setSender(account.address);
  transaction.transferObjects([transaction.splitCoins(transaction.gas, [1000n])], normalizeSuiAddress('0xa'));
  const bytes = await transaction.build({ client });
  const { signature } = await keypairOf(account).signTransaction(bytes);
  return { bytes, signature };
}

t.test('the same bytes twice are one transaction', async (t) => {
  const fixture = await startDevnet(t);
  const user = fixture.devnet.addUser();
  const { bytes, signature } = await signedTransfer(fixture, user);
  const execute = () =>
    fixture.client.executeTransaction({
      transaction: bytes,
      signatures: [signature],
      include: { effects: true, balanceChanges: true },
    });
  const [first, ...others] = await Promise.all([execute(), execute(), execute()]);
  t.equal(first.$kind, 'Transaction');
  for (const other of others) t.same(other, first);
  const { balance } = await fixture.client.getBalance({ owner: normalizeSuiAddress('0xa') });
  t.equal(balance.balance, '1000');
  const waited = await fixture.client.waitForTransaction({ digest: first.Transaction?.digest ?? '' });
  t.match(waited.Transaction?.checkpoint, /^\d+$/, 'and it is in a checkpoint');
});

t.test('what no validator would sign is refused', async (t) => {
  const fixture = await startDevnet(t);
  const { devnet, client } = fixture;
  const user = devnet.addUser();
  const other = devnet.addUser();
  const { bytes, signature } = await signedTransfer(fixture, user);
  const execute = (transaction: Uint8Array, signatures: string[]) =>
    client.executeTransaction({ transaction, signatures });

  const foreign = await keypairOf(other).signTransaction(bytes);
  await t.rejects(execute(bytes, [foreign.signature]), { code: 'INVALID_ARGUMENT', message: /signature/i });
  const flipped = Uint8Array.from(bytes, (byte, index) => (index === bytes.length - 40 ? byte ^ 1 : byte));
  await t.rejects(execute(flipped, [signature]), { code: 'INVALID_ARGUMENT' });
  await t.rejects(execute(bytes, []), { code: 'INVALID_ARGUMENT' });
  await t.rejects(execute(new Uint8Array([1, 2, 3]), [signature]), { code: 'INVALID_ARGUMENT' });

  await send(client, user, (tx) => tx.transferObjects([tx.splitCoins(tx.gas, [1n])], user.address));
  await t.rejects(
    execute(bytes, [signature]),
    { code: 'INVALID_ARGUMENT', message: /not available for consumption, current version/ },
    'a gas coin of an older version',
  );
  await t.rejects(
    send(client, other, (tx) => tx.transferObjects([tx.object(user.tomaCoinId)], other.address)),
    { message: /owned by account address/ },
    "somebody else's coin",
  );
  await t.rejects(
    send(client, user, (tx) => {
      tx.setGasBudget(10n);
      tx.transferObjects([tx.splitCoins(tx.gas, [1n])], user.address);
    }),
    { message: /budget: 10 is lower than min/ },
  );
  await t.rejects(
    send(client, { secretKey: new Secp256k1Keypair().getSecretKey() }, () => undefined),
    'a key without gas, of a kind the helper does not read',
  );
});

t.test('a key of another scheme signs as well', async (t) => {
  const { devnet, client } = await startDevnet(t);
  const user = devnet.addUser();
  const keypair = Secp256k1Keypair.generate();
  await send(client, user, (tx) =>
    tx.transferObjects([tx.splitCoins(tx.gas, [1_000_000_000n])], keypair.toSuiAddress()),
  );
  const transaction = new Transaction();
  transaction.transferObjects([transaction.splitCoins(transaction.gas, [5n])], user.address);
  const result = await client.signAndExecuteTransaction({ transaction, signer: keypair });
  t.equal(result.$kind, 'Transaction');
  const poor = new Transaction();
  poor.setSender(Secp256k1Keypair.generate().toSuiAddress());
  await t.rejects(poor.build({ client }), { message: /insufficient SUI/ });
});

t.test('effects list what was made, changed and deleted, at one version, also in BCS', async (t) => {
  const { devnet, client } = await startDevnet(t);
  const user = devnet.addUser();
  const coinType = `${devnet.tomaPackageId}::toma::TOMA`;
  const split = await send(client, user, (tx) => {
    const [coin] = tx.splitCoins(tx.object(user.tomaCoinId), [700n]);
    if (coin) tx.transferObjects([coin], user.address);
  });
  const { effects } = split;
  const created = effects.changedObjects.filter((change) => change.idOperation === 'Created');
  t.equal(created.length, 1);
  t.same(
    new Set(effects.changedObjects.map((change) => change.outputVersion)),
    new Set([effects.lamportVersion]),
  );
  const parsed = bcs.TransactionEffects.parse(effects.bcs ?? new Uint8Array());
  t.equal(parsed.V2?.transactionDigest, split.digest);
  t.equal(parsed.V2?.changedObjects.length, effects.changedObjects.length);

  const merged = await send(client, user, (tx) => {
    tx.mergeCoins(tx.object(user.tomaCoinId), [tx.object(created[0]?.objectId ?? '')]);
  });
  const deleted = merged.effects.changedObjects.filter((change) => change.idOperation === 'Deleted');
  t.same(
    deleted.map((change) => change.objectId),
    [created[0]?.objectId],
  );
  t.same(
    merged.balanceChanges.filter((change) => change.coinType === coinType),
    [],
    'no TOMA moved',
  );

  const gas = merged.effects.gasUsed;
  const net = BigInt(gas.computationCost) + BigInt(gas.storageCost) - BigInt(gas.storageRebate);
  t.match(merged.balanceChanges, [{ address: user.address, amount: String(-net) }], 'gas is what it says');
});

t.test('commands fail as they do on Sui', async (t) => {
  const { devnet, client } = await startDevnet(t);
  const user = devnet.addUser();
  const failing = (build: (tx: Transaction) => void, wanted: { message: RegExp }) =>
    t.rejects(send(client, user, build), wanted);
  await failing(
    (tx) => tx.transferObjects([tx.splitCoins(tx.object(user.tomaCoinId), [1n << 62n])], user.address),
    { message: /SplitCoins wants/ },
  );
  await failing((tx) => void tx.splitCoins(tx.gas, [1n]), { message: /nobody took/ });
  await failing(
    (tx) => {
      const coin = tx.object(user.tomaCoinId);
      tx.transferObjects([coin], user.address);
      tx.transferObjects([coin], user.address);
    },
    { message: /moved by an earlier command/ },
  );
  await failing((tx) => void tx.moveCall({ target: '0x2::coin::no_such_function' }), {
    message: /no function|not found/,
  });
  await failing(
    (tx) => void tx.moveCall({ target: '0x2::coin::value', arguments: [tx.object(user.tomaCoinId)] }),
    { message: /type arguments/ },
  );
  await failing(
    (tx) =>
      void tx.moveCall({
        target: '0x2::coin::value',
        typeArguments: [SUI_TYPE_ARG],
        arguments: [tx.object(user.tomaCoinId)],
      }),
    { message: /wanted .*sui::SUI/ },
  );
  await failing(
    (tx) => {
      sendPrompt(devnet, user)(tx);
      tx.splitCoins(tx.gas, [1n]);
    },
    { message: /PostRandomCommandRestrictions/ },
  );
});

t.test('a budget that does not suffice is spent, and nothing else happens', async (t) => {
  const { devnet, client } = await startDevnet(t);
  const user = devnet.addUser();
  const { objects } = await client.listCoins({ owner: user.address });
  const [coin] = objects;
  if (coin === undefined) throw new Error('a user has gas');
  const transaction = new Transaction();
  transaction.setSender(user.address);
  transaction.setGasPrice(1000n);
  transaction.setGasBudget(1_000_001n);
  transaction.setGasPayment([{ objectId: coin.objectId, version: coin.version, digest: coin.digest }]);
  const coins = transaction.splitCoins(transaction.gas, [1n, 2n, 3n]);
  transaction.transferObjects(
    [0, 1, 2].flatMap((index) => coins[index] ?? []),
    user.address,
  );
  const result = await client.signAndExecuteTransaction({
    transaction,
    signer: keypairOf(user),
    include: { effects: true, balanceChanges: true },
  });
  t.equal(result.$kind, 'FailedTransaction');
  t.match(result.FailedTransaction?.balanceChanges, [{ amount: '-1000001' }]);
  t.equal(result.FailedTransaction?.effects.changedObjects.length, 1);
});

t.test('simulation answers without changing anything', async (t) => {
  const { devnet, client } = await startDevnet(t);
  const user = devnet.addUser();
  devnet.addNode();
  const before = await client.getObject({ objectId: devnet.atomaDbId });
  const transaction = new Transaction();
  transaction.setSender(user.address);
  sendPrompt(devnet, user)(transaction);
  const simulated = await client.simulateTransaction({
    transaction,
    include: { effects: true, events: true, balanceChanges: true },
  });
  t.equal(simulated.$kind, 'Transaction');
  t.equal(simulated.Transaction?.events.length, 1);
  t.same(await client.getObject({ objectId: devnet.atomaDbId }), before);
});

t.test("the SDK's own executor and coin intents work", async (t) => {
  const { devnet, client } = await startDevnet(t);
  const user = devnet.addUser();
  const executor = new SerialTransactionExecutor({ client, signer: keypairOf(user) });
  const type = `${devnet.tomaPackageId}::toma::TOMA`;
  const transfers = [1n, 2n, 3n].map((balance) => {
    const transaction = new Transaction();
    transaction.transferObjects([coinWithBalance({ balance, type })], normalizeSuiAddress('0xb'));
    return executor.executeTransaction(transaction);
  });
  for (const transfer of await Promise.all(transfers)) t.equal(transfer.$kind, 'Transaction');
  const { balance } = await client.getBalance({ owner: normalizeSuiAddress('0xb'), coinType: type });
  t.equal(balance.balance, '6');
});
