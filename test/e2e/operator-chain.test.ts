import type { Transaction } from '@mysten/sui/transactions';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { ABORT, type OperatorAction, SuiOperator } from '#src/chain/index.js';
import { COLLATERAL } from '#src/devnet/contract/registry.js';
import type { Devnet, DevnetNode } from '#src/devnet/index.js';
import { TcpProxy } from '../fixtures/tcp-proxy.js';
import {
  commit,
  type DevnetFixture,
  keypairOf,
  promptEvent,
  send,
  sendPrompt,
  startDevnet,
  tomaBalance,
} from './devnet-client.js';

type Account = { readonly secretKey: string; readonly address: string };

async function operatorOf(
  t: Test,
  devnet: Devnet,
  account: Account,
  options: { readonly url?: string; readonly requestTimeoutMs?: number } = {},
): Promise<SuiOperator> {
  const operator = await SuiOperator.connect(
    {
      httpUrl: options.url ?? devnet.url,
      basicAuth: undefined,
      callPackageId: devnet.packageId,
      atomaDbId: devnet.atomaDbId,
      requestTimeoutMs: options.requestTimeoutMs ?? 20_000,
    },
    { keypair: keypairOf(account), logger: pino({ level: 'silent' }) },
  );
  t.teardown(() => operator.close());
  return operator;
}

function aborted(code: number) {
  return { code: 'contract_refused', message: new RegExp(`: abort ${code} in `) };
}

const silent = { onSigned: () => undefined };

async function carryOut(operator: SuiOperator, action: OperatorAction) {
  return await operator.send(await operator.preview(action), silent);
}

/** Leaves the model of the chain, at its place in the echelon. */
function leave(devnet: Devnet, { badgeId }: DevnetNode, index: bigint) {
  return (tx: Transaction): void => {
    tx.moveCall({
      target: `${devnet.packageId}::db::remove_node_from_model`,
      arguments: [
        tx.object(devnet.atomaDbId),
        tx.object(badgeId),
        tx.pure.string(devnet.model),
        tx.pure.u64(index),
      ],
    });
  };
}

t.test('collateral comes from as many coins as it takes', async (t) => {
  const fixture = await startDevnet(t);
  const { devnet, client } = fixture;
  const account = devnet.addOperator();
  const before = await tomaBalance(fixture, account.address);
  const third = COLLATERAL / 3n + 1n;
  await send(client, account, (tx) => {
    const parts = tx.splitCoins(tx.object(account.tomaCoinId), [third, third, third]);
    const [a, b, c] = [parts[0], parts[1], parts[2]];
    if (a === undefined || b === undefined || c === undefined) throw new Error('three coins');
    tx.transferObjects([a, b, c], account.address);
    tx.transferObjects([tx.object(account.tomaCoinId)], devnet.addUser().address);
  });
  const operator = await operatorOf(t, devnet, account);
  t.match(operator.token, { symbol: 'TOMA', decimals: 9 });
  const preview = await operator.preview({ kind: 'register' });
  t.equal(
    preview.tokenChange,
    -COLLATERAL,
    'the preview tells the collateral, which the contract alone knows',
  );
  t.match(preview.call, { kind: 'register', coins: { length: 3 } });
  t.ok(preview.gasMist <= preview.budgetMist);
  t.same(await operator.badges(), [], 'nothing was sent yet');
  const receipt = await operator.send(preview, silent);
  t.equal(receipt.tokenChange, -COLLATERAL);
  t.same(await operator.badges(), [receipt.registered]);
  t.equal(await tomaBalance(fixture, account.address), 3n * third - COLLATERAL);
  t.ok(before > 3n * third);

  await t.rejects(operator.preview({ kind: 'register' }), {
    code: 'not_enough_collateral',
    message: /holds 0.000000002 TOMA in one coin; send more to it$/,
  });
  const poor = await operatorOf(t, devnet, { ...account, secretKey: devnet.addNode().secretKey });
  await t.rejects(poor.preview({ kind: 'register' }), {
    code: 'not_enough_collateral',
    message: /0.0 TOMA in/,
  });
});

t.test('a node finds its place in the echelon, and finds it again when another one was faster', async (t) => {
  const { devnet, client } = await startDevnet(t);
  const first = devnet.addNode();
  const second = devnet.addNode();
  for (let n = 0; n < 7; n++) devnet.addNode();
  const own = devnet.addNode();
  const last = devnet.addNode();
  const operator = await operatorOf(t, devnet, own);
  const badge = { badgeId: own.badgeId, smallId: own.smallId };
  const action = { kind: 'unsubscribe', ...badge, model: devnet.model } as const;
  await send(client, last, leave(devnet, last, 10n));
  const preview = await operator.preview(action);
  t.match(preview.call, { index: 9n });
  // The first one leaves, and the last one, which is this node, takes its place.
  await send(client, first, leave(devnet, first, 0n));
  let sent = 0;
  await operator.send(preview, {
    onSigned: () => {
      sent++;
    },
  });
  t.equal(sent, 1, 'what was shown is not sent: a simulation says that it would fail');
  t.equal(await operator.isSubscribed(badge, devnet.model), false);
  await t.rejects(operator.preview(action), aborted(ABORT.notSubscribed));

  await carryOut(operator, { kind: 'subscribe', badgeId: own.badgeId, model: devnet.model, echelon: 0n });
  t.equal(await operator.isSubscribed(badge, devnet.model), true);
  t.equal(await operator.isSubscribed(badge, 'no such model'), false);
  const again = await operator.preview(action);
  t.match(again.call, { index: 8n });
  const digests: string[] = [];
  await operator.send(again, {
    onSigned: async ({ digest }) => {
      if (digests.push(digest) === 1) await send(client, second, leave(devnet, second, 1n));
    },
  });
  t.equal(digests.length, 2, 'the contract refused the first one, and another one was sent');
  t.equal(await operator.isSubscribed(badge, devnet.model), false);
});

t.test('fees, and the way out', async (t) => {
  const fixture: DevnetFixture = await startDevnet(t);
  const { devnet, client } = fixture;
  const node = devnet.addNode();
  const user = devnet.addUser();
  const operator = await operatorOf(t, devnet, node);
  const { badgeId } = node;
  const { ticket_id: ticketId } = promptEvent((await send(client, user, sendPrompt(devnet, user))).events);
  await send(client, node, commit(devnet, node, { text: 'blue', ticketId }));
  const fee = devnet.feeEarned(ticketId, node.smallId) ?? 0n;
  t.ok(fee > 0n);
  t.equal((await operator.preview({ kind: 'withdraw', badgeId })).tokenChange, 0n, 'not in the same epoch');
  devnet.nextEpoch();
  t.equal((await operator.preview({ kind: 'withdraw', badgeId })).tokenChange, fee);
  t.equal((await carryOut(operator, { kind: 'withdraw', badgeId })).tokenChange, fee);
  t.equal((await operator.balances()).token, fee);

  await t.rejects(operator.preview({ kind: 'destroy', badgeId }), aborted(ABORT.waitBeforeDestroy));
  t.equal(await operator.isDisabled(badgeId), false);
  t.equal(await operator.disabledEpoch(badgeId), undefined);
  await carryOut(operator, { kind: 'disable', badgeId });
  t.equal(await operator.isDisabled(badgeId), true);
  await t.rejects(carryOut(operator, { kind: 'disable', badgeId }), {
    message: /the node is already disabled .*; use destroy/,
  });
  devnet.nextEpoch();
  await carryOut(operator, { kind: 'withdraw', badgeId });
  t.equal(await operator.disabledEpoch(badgeId), 1n, 'also when the badge was used since');
  await t.rejects(operator.preview({ kind: 'destroy', badgeId }), aborted(ABORT.waitBeforeDestroy));
  devnet.nextEpoch();
  const destroyed = await carryOut(operator, { kind: 'destroy', badgeId });
  t.equal(destroyed.tokenChange, COLLATERAL);
  t.equal(destroyed.epoch, 3n);
  t.same(await operator.badges(), []);
});

t.test('what the wallet does meanwhile costs another build, and nothing is sent twice', async (t) => {
  const { devnet, client } = await startDevnet(t);
  const node = devnet.addNode();
  const operator = await operatorOf(t, devnet, node);
  const { badgeId } = node;
  const preview = await operator.preview({ kind: 'disable', badgeId });
  await send(client, node, leave(devnet, node, 0n));
  await operator.send(preview, silent);
  t.equal(await operator.isDisabled(badgeId), true, 'its badge and coins had moved on');
});

t.test('a registration without an answer is not sent in other words', async (t) => {
  const { devnet } = await startDevnet(t);
  const account = devnet.addOperator();
  const proxy = await new TcpProxy(devnet.url).start();
  t.teardown(() => proxy.stop());
  const direct = await operatorOf(t, devnet, account);
  const before = (await direct.balances()).token;
  const cut = await operatorOf(t, devnet, account, { url: proxy.url, requestTimeoutMs: 2_000 });
  const digests: string[] = [];
  const sending = cut.send(await cut.preview({ kind: 'register' }), {
    onSigned: ({ digest }) => {
      digests.push(digest);
      proxy.swallowReplies();
    },
  });
  const unknown = t.rejects(sending, { code: 'outcome_unknown', message: /run register again/ });
  while ((await direct.badges()).length === 0) await new Promise(setImmediate);
  await proxy.stop();
  await unknown;
  t.equal(digests.length, 1);
  t.equal((await direct.badges()).length, 1, 'which a second run finds before it pays');
  t.equal((await direct.balances()).token, before - COLLATERAL);

  await proxy.start();
  const slow = await operatorOf(t, devnet, account, { url: proxy.url, requestTimeoutMs: 2_000 });
  const receipt = await slow.send(await slow.preview({ kind: 'register' }), {
    onSigned: () => proxy.swallowReplies(),
  });
  t.equal((await direct.badges()).length, 2, 'a lost answer is asked for again');
  t.equal(receipt.registered?.smallId, 2n);
  t.equal((await direct.balances()).token, before - 2n * COLLATERAL, 'and paid for once');
});
