import { GrpcTypes } from '@mysten/sui/grpc';
import { TransactionDataBuilder } from '@mysten/sui/transactions';
import t from 'tap';
import { ABORT, type Chain } from '#src/chain/index.js';
import type { OracleVerdict } from '#src/core/index.js';
import { bytesOf, commitment, connect, digestOf, submit } from '../fixtures/scripted-commitments.js';
import {
  aborted,
  EARLY_SHAPE,
  effects,
  moveFunction,
  resolved,
  SHAPE,
} from '../fixtures/scripted-contract.js';
import { PACKAGE } from '../fixtures/scripted-ledger.js';
import { GrpcFailure, type Script } from '../fixtures/scripted-node.js';

const { ticketId } = commitment;
const TRY_TO_SETTLE = [...SHAPE.slice(0, 1), ...SHAPE.slice(2, 3), ...SHAPE.slice(-2)];
const VERDICT: OracleVerdict = {
  ticketId,
  inputTokens: 3n,
  outputTokens: 4n,
  root: new Uint8Array(32).fill(1),
  leaves: [new Uint8Array(32).fill(2), new Uint8Array(32).fill(3)],
};

const getFunction: Script['getFunction'] = ({ name }) => {
  if (name === 'submit_commitment') return moveFunction(SHAPE);
  return moveFunction(name === 'try_to_settle' ? TRY_TO_SETTLE : EARLY_SHAPE);
};

/** Answers builds; what a built transaction would do are these events. */
function simulation(...events: readonly string[]): Script['simulateTransaction'] {
  return (request) => {
    if (request.transaction?.bcs === undefined) return resolved(request, 1n);
    const eventTypes = events.map((name) => ({ eventType: `${PACKAGE}::${name}` }));
    return {
      transaction: GrpcTypes.ExecutedTransaction.create({
        events: { events: eventTypes.map((event) => GrpcTypes.Event.create(event)) },
      }),
    };
  };
}

const settle = (chain: Chain) => chain.tryToSettle(ticketId, { signal: new AbortController().signal });

t.test('a settlement is sent only where the simulation shows that it does something', async (t) => {
  const sent: GrpcTypes.ExecuteTransactionRequest[] = [];
  const script = {
    getFunction,
    executeTransaction: (request: GrpcTypes.ExecuteTransactionRequest) => {
      sent.push(request);
      return effects({ success: true });
    },
  };
  for (const [outcome, ...events] of [
    ['unchanged'],
    ['waiting', 'settlement::RetrySettlementEvent'],
    ['unchanged', 'other::SettledEvent'],
  ]) {
    const chain = await connect(t, { ...script, simulateTransaction: simulation(...events) });
    t.strictSame(await settle(chain), { outcome, digest: undefined });
  }
  t.equal(sent.length, 0);
  for (const [outcome, ...events] of [
    ['settled', 'settlement::SettledEvent'],
    ['resampled', 'settlement::NewlySampledNodesEvent'],
    ['disputed', 'settlement::NewlySampledNodesEvent', 'settlement::DisputeEvent'],
  ]) {
    const chain = await connect(t, { ...script, simulateTransaction: simulation(...events) });
    const receipt = await settle(chain);
    t.strictSame(receipt, { outcome, digest: sent.map(digestOf).at(-1) });
  }
  const [first] = sent;
  if (first === undefined) return;
  const { commands } = TransactionDataBuilder.fromBytes(bytesOf(first)).snapshot();
  t.match(commands[0]?.MoveCall, { package: PACKAGE, module: 'settlement', function: 'try_to_settle' });
  t.equal(commands[0]?.MoveCall?.arguments.length, 3, 'database, ticket, Random; no badge');
});

t.test('what the contract says to a settlement and to a verdict has a code each', async (t) => {
  const refusing = (code: bigint, module?: string) =>
    connect(t, {
      getFunction,
      simulateTransaction: () => ({
        transaction: GrpcTypes.ExecutedTransaction.create({ effects: { status: aborted(code, module) } }),
      }),
    });
  const gone = await refusing(1n, 'dynamic_field');
  await t.rejects(settle(gone), { code: 'ticket_gone', message: /before this node's settlement came/ });
  const { signal } = new AbortController();
  await t.rejects(gone.settleDispute(VERDICT, { signal }), { code: 'ticket_gone' });
  for (const [abortCode, code] of [
    [ABORT.notReadyToSettle, 'not_ready_to_settle'],
    [ABORT.notAnOracle, 'not_an_oracle'],
    [ABORT.leavesBufferLength, 'settlement_rejected'],
  ] as const) {
    const chain = await refusing(BigInt(abortCode));
    await t.rejects(chain.settleDispute(VERDICT, { signal }), { code, fields: { abortCode, ticketId } });
  }
});

t.test('a contract without these functions takes commitments all the same', async (t) => {
  const chain = await connect(t, {
    getFunction: ({ name }) => {
      if (name === 'submit_commitment') return moveFunction(SHAPE);
      throw new GrpcFailure('NOT_FOUND', 'no such function');
    },
    executeTransaction: () => effects({ success: true }),
  });
  t.match(await submit(chain), { alreadyCommitted: false });
  await t.rejects(settle(chain), {
    code: 'unsupported_contract',
    message: /try_to_settle: nothing of that name/,
  });
  const verdict = chain.settleDispute(VERDICT, { signal: new AbortController().signal });
  await t.rejects(verdict, { code: 'unsupported_contract', message: /settle_dispute: nothing of that name/ });
});

t.test('a settlement waits behind commitments that came after it', async (t) => {
  const order: (string | undefined)[] = [];
  const chain = await connect(t, {
    getFunction,
    simulateTransaction: simulation('settlement::SettledEvent'),
    executeTransaction: (request) => {
      const { commands } = TransactionDataBuilder.fromBytes(bytesOf(request)).snapshot();
      order.push(commands[0]?.MoveCall?.function);
      return effects({ success: true });
    },
  });
  await Promise.all([
    submit(chain, { deadlineMs: 1 }),
    settle(chain),
    submit(chain, { deadlineMs: 3 }),
    submit(chain, { deadlineMs: 2 }),
  ]);
  t.strictSame(order, ['submit_commitment', 'submit_commitment', 'submit_commitment', 'try_to_settle']);
});

t.test('a verdict is read back from the transaction that carried it', async (t) => {
  let sent: Uint8Array | undefined;
  const chain = await connect(t, {
    getFunction,
    executeTransaction: (request) => {
      sent = bytesOf(request);
      return effects({ success: true });
    },
    getTransaction: () => ({
      transaction: GrpcTypes.ExecutedTransaction.create(
        sent === undefined ? {} : { transaction: { bcs: { value: sent } } },
      ),
    }),
  });
  const { signal } = new AbortController();
  t.equal(await chain.readVerdict('any', signal), undefined, 'nothing of it');
  const digest = await chain.settleDispute(VERDICT, { signal });
  t.strictSame(await chain.readVerdict(digest, signal), VERDICT);
  sent = new Uint8Array([1, 2, 3]);
  t.equal(await chain.readVerdict(digest, signal), undefined, 'no transaction');
});
