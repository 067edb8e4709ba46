import { once } from 'node:events';
import type { GrpcTypes } from '@mysten/sui/grpc';
import t from 'tap';
import { ABORT } from '#src/chain/index.js';
import type { SignedTransaction } from '#src/core/index.js';
import {
  bytesOf,
  connect,
  digestOf,
  keypair,
  signedBefore,
  submit,
} from '../fixtures/scripted-commitments.js';
import { aborted, effects, resolved } from '../fixtures/scripted-contract.js';
import { GrpcFailure, type Script } from '../fixtures/scripted-node.js';

type Sent = GrpcTypes.ExecuteTransactionRequest;

const DONE = effects({ success: true });
const found = ({ transaction }: typeof DONE): GrpcTypes.GetTransactionResponse =>
  transaction === undefined ? {} : { transaction };
const gone = effects(aborted(1n, 'dynamic_field'));

/** Answers every execution, and keeps it. */
function recorder(answer: (request: Sent, attempt: number) => typeof DONE = () => DONE) {
  const sent: Sent[] = [];
  const executeTransaction: Script['executeTransaction'] = (request, attempt) => {
    sent.push(request);
    return answer(request, attempt);
  };
  return { sent, executeTransaction };
}

t.test('what is signed is handed over before it is sent', async (t) => {
  const order: string[] = [];
  const { sent, executeTransaction } = recorder(() => {
    order.push('sent');
    return DONE;
  });
  const chain = await connect(t, { executeTransaction });
  let kept: SignedTransaction | undefined;
  const onSigned = (transaction: SignedTransaction): void => {
    order.push('signed');
    kept = transaction;
  };
  const receipt = await submit(chain, { onSigned });
  t.strictSame(order, ['signed', 'sent']);
  t.equal(receipt.digest, kept?.digest);
  const [request] = sent;
  t.strictSame(request && bytesOf(request), kept?.bytes);
  t.strictSame(request && Uint8Array.from(request.signatures[0]?.bcs?.value ?? []), kept?.signature);
});

t.test('what could not be kept is not sent, and the next commitment goes its way', async (t) => {
  const { sent, executeTransaction } = recorder();
  const chain = await connect(t, { executeTransaction });
  const full = new Error('ENOSPC: no space left on device');
  const onSigned = (): void => {
    throw full;
  };
  const failure: unknown = await submit(chain, { onSigned }).catch((error: unknown) => error);
  t.equal(failure, full, 'the same error, not a copy');
  t.equal(sent.length, 0);
  t.match(await submit(chain), { alreadyCommitted: false });
});

t.test('a kept transaction that ran is not sent again', async (t) => {
  const resend = await signedBefore(t, 1n);
  const { sent, executeTransaction } = recorder();
  const chain = await connect(t, {
    executeTransaction,
    getTransaction: (request) => {
      t.equal(request.digest, resend.digest);
      return found(DONE);
    },
  });
  const onSigned = (): void => void t.fail('nothing is signed');
  t.strictSame(await submit(chain, { resend, onSigned }), { digest: resend.digest, alreadyCommitted: false });
  t.equal(sent.length, 0);
});

t.test('a kept transaction that the contract had refused is refused, not tried anew', async (t) => {
  const resend = await signedBefore(t, 1n);
  const { sent, executeTransaction } = recorder();
  const status = aborted(BigInt(ABORT.notAwaitingCommitment));
  const chain = await connect(t, { executeTransaction, getTransaction: () => found(effects(status)) });
  await t.rejects(submit(chain, { resend }), {
    code: 'commitment_rejected',
    fields: { abortCode: ABORT.notAwaitingCommitment, digest: resend.digest },
  });
  t.equal(sent.length, 0);
});

t.test('a kept transaction that nobody knows is sent as it is, until the chain answers', async (t) => {
  const resend = await signedBefore(t, 1n);
  const { sent, executeTransaction } = recorder((_, attempt) => {
    if (attempt < 3) throw new GrpcFailure('UNAVAILABLE', 'away');
    return DONE;
  });
  const chain = await connect(t, {
    executeTransaction,
    simulateTransaction: () => t.fail('built anew') && {},
  });
  const onSigned = (): void => void t.fail('nothing is signed');
  t.match(await submit(chain, { resend, onSigned }), { digest: resend.digest });
  t.equal(sent.length, 3);
  for (const request of sent) {
    t.strictSame(bytesOf(request), resend.bytes);
    t.strictSame(Uint8Array.from(request.signatures[0]?.bcs?.value ?? []), resend.signature);
  }
});

t.test('a kept transaction that can never run is built anew, once', async (t) => {
  const resend = await signedBefore(t, 1n);
  for (const refusal of [
    new GrpcFailure('INVALID_ARGUMENT', 'Version 1 is not available for consumption, current version: 2'),
    new GrpcFailure('INVALID_ARGUMENT', 'Transaction Expired'),
    new GrpcFailure('FAILED_PRECONDITION', 'locked objects'),
  ]) {
    const { sent, executeTransaction } = recorder((request) => {
      if (digestOf(request) === resend.digest) throw refusal;
      return DONE;
    });
    const chain = await connect(t, {
      executeTransaction,
      simulateTransaction: (request) => resolved(request, 2n),
    });
    const signed: string[] = [];
    const receipt = await submit(chain, { resend, onSigned: ({ digest }) => signed.push(digest) });
    t.strictSame(sent.map(digestOf), [resend.digest, ...signed]);
    t.strictSame(signed, [receipt.digest]);
  }
});

t.test('an endpoint whose objects trail behind the validators is waited for', async (t) => {
  const { sent, executeTransaction } = recorder((request) => {
    if (new Set(sent.map(digestOf)).size > 1) return DONE;
    throw new GrpcFailure('INVALID_ARGUMENT', `${digestOf(request)} is not available for consumption`);
  });
  const chain = await connect(t, {
    executeTransaction,
    simulateTransaction: (request, attempt) => resolved(request, attempt < 6 ? 1n : 2n),
  });
  const signed: string[] = [];
  const { digest } = await submit(chain, { onSigned: (transaction) => void signed.push(transaction.digest) });
  t.equal(sent.length, 6);
  t.equal(signed.length, 2, 'the same transaction is kept once');
  t.equal(signed[1], digest);
});

t.test(
  'one whose objects trail for ever is unavailable, and nothing is lost by asking it later',
  async (t) => {
    const { executeTransaction } = recorder(() => {
      throw new GrpcFailure('FAILED_PRECONDITION', 'locked objects');
    });
    const chain = await connect(t, { executeTransaction }, { requestTimeoutMs: 300 });
    await t.rejects(submit(chain), { code: 'chain_unavailable' });
  },
);

t.test('nothing is built anew before the ledger has said that the old one did not run', async (t) => {
  const resend = await signedBefore(t, 1n);
  let looks = 0;
  const { sent, executeTransaction } = recorder(() => {
    throw new GrpcFailure('INVALID_ARGUMENT', 'Version 1 is not available for consumption');
  });
  const chain = await connect(t, {
    executeTransaction,
    simulateTransaction: () => t.fail('built anew') && {},
    getTransaction: () => {
      if (++looks === 1) throw new GrpcFailure('NOT_FOUND', 'not yet');
      if (looks < 4) throw new GrpcFailure('UNAVAILABLE', 'away');
      return found(DONE);
    },
  });
  t.match(await submit(chain, { resend }), { digest: resend.digest });
  t.equal(sent.length, 1);
  t.equal(looks, 4);
});

t.test('an old transaction that shows up after the new one was built is the one that counts', async (t) => {
  const resend = await signedBefore(t, 1n);
  let built = false;
  const { sent, executeTransaction } = recorder(() => {
    throw new GrpcFailure('INVALID_ARGUMENT', 'Version 1 is not available for consumption');
  });
  const getTransaction = (): GrpcTypes.GetTransactionResponse => {
    if (!built) throw new GrpcFailure('NOT_FOUND', 'the index trails');
    return found(DONE);
  };
  for (const answer of [undefined, gone, effects(aborted(BigInt(ABORT.alreadyCommitted)))]) {
    built = false;
    sent.length = 0;
    const chain = await connect(t, {
      executeTransaction,
      getTransaction,
      simulateTransaction: (request) => {
        built = true;
        return answer ?? resolved(request, 2n);
      },
    });
    const onSigned = (): void => void t.fail('nothing is signed');
    const receipt = await submit(chain, { resend, onSigned });
    t.strictSame(receipt, { digest: resend.digest, alreadyCommitted: false });
    t.strictSame(sent.map(digestOf), [resend.digest]);
  }
});

t.test('a ticket that is gone is told from a refusal', async (t) => {
  for (const module of ['dynamic_field', 'dynamic_object_field']) {
    const chain = await connect(t, { simulateTransaction: () => effects(aborted(1n, module)) });
    await t.rejects(submit(chain), { code: 'ticket_gone', fields: { where: new RegExp(`::${module}::`) } });
  }
  const other = await connect(t, { simulateTransaction: () => effects(aborted(0n, 'dynamic_field')) });
  await t.rejects(submit(other), { code: 'commitment_rejected', fields: { abortCode: 0 } });
});

t.test('a wallet that cannot pay is told from a transaction that cannot run', async (t) => {
  const owner = keypair.toSuiAddress();
  for (const wording of [
    `Unable to perform gas selection due to insufficient SUI balance (in address balance or coins) for account ${owner} to satisfy required budget 9892000.`,
    'Gas budget: 400 is lower than min: 1000000',
  ]) {
    let simulations = 0;
    const chain = await connect(t, {
      simulateTransaction: () => {
        simulations++;
        throw new GrpcFailure('INVALID_ARGUMENT', wording);
      },
      getBalance: ({ owner }) => ({ balance: { coinType: owner ?? '', balance: 400n } }),
    });
    await t.rejects(submit(chain), {
      code: 'out_of_gas',
      message: /holds 400 MIST/,
      fields: { balance: '400' },
    });
    t.equal(simulations, 1, 'asking again does not fill a wallet');
    t.match(chain.status().gas, { balance: 400n, runwayTickets: 0 });
  }
  const status: GrpcTypes.ExecutionStatus = {
    success: false,
    error: { description: 'InsufficientGas', errorDetails: { oneofKind: undefined } },
  };
  const poor = await connect(t, { simulateTransaction: () => effects(status) });
  await t.rejects(submit(poor), { code: 'out_of_gas', fields: { balance: undefined } });
});

t.test('a budget far beyond the usual is refused, not spent', async (t) => {
  const { sent, executeTransaction } = recorder();
  const simulateTransaction: Script['simulateTransaction'] = (request) =>
    resolved(request, 1n, 50_000_000_000n);
  const chain = await connect(t, { simulateTransaction, executeTransaction });
  const onSigned = (): void => void t.fail('nothing is signed');
  await t.rejects(submit(chain, { onSigned }), {
    code: 'gas_budget_too_high',
    fields: { budget: '50000000000', cap: '100000000' },
  });
  t.equal(sent.length, 0);
});

t.test('an endpoint that turns the caller away has said nothing about the transaction', async (t) => {
  const turnAway = (): never => {
    throw new GrpcFailure('PERMISSION_DENIED', 'no more calls for you');
  };
  for (const script of [{ simulateTransaction: turnAway }, { executeTransaction: turnAway }]) {
    const chain = await connect(t, script);
    await t.rejects(submit(chain), { code: 'chain_unavailable', message: /PERMISSION_DENIED/ });
  }
});

t.test('the earliest deadline goes first', async (t) => {
  const tickets: (string | undefined)[] = [];
  const held = new EventTarget();
  const { executeTransaction } = recorder();
  const chain = await connect(t, {
    executeTransaction,
    simulateTransaction: async (request, attempt) => {
      if (attempt === 1) {
        held.dispatchEvent(new Event('simulating'));
        await once(held, 'go');
      }
      return resolved(request, BigInt(attempt));
    },
  });
  const send = async (name: string, deadlineMs: number | undefined): Promise<void> => {
    await submit(chain, { deadlineMs });
    tickets.push(name);
  };
  const started = once(held, 'simulating');
  const first = send('under way', 9_000);
  await started;
  const others = [send('none', undefined), send('late', 3_000), send('soon', 1_000), send('late too', 3_000)];
  held.dispatchEvent(new Event('go'));
  await Promise.all([first, ...others]);
  t.strictSame(tickets, ['under way', 'soon', 'late', 'late too', 'none']);
});

t.test('what became of a transaction', async (t) => {
  const answers = {
    good: DONE,
    refused: effects(aborted(1n)),
    broken: effects({ success: false }),
  };
  const chain = await connect(
    t,
    {
      getTransaction: ({ digest }) => {
        if (digest === 'away') throw new GrpcFailure('UNAVAILABLE', 'away');
        if (digest === 'malformed') throw new GrpcFailure('INVALID_ARGUMENT', 'no digest');
        const answer = answers[digest as keyof typeof answers];
        if (answer === undefined) throw new GrpcFailure('NOT_FOUND', 'no such transaction');
        return found(answer);
      },
    },
    { requestTimeoutMs: 300 },
  );
  const outcome = (digest: string) => chain.transactionOutcome(digest, new AbortController().signal);
  t.equal(await outcome('good'), 'succeeded');
  t.equal(await outcome('refused'), 'failed');
  t.equal(await outcome('broken'), 'failed');
  t.equal(await outcome('never heard of'), 'unknown');
  await t.rejects(outcome('away'), { code: 'chain_unavailable', fields: { digest: 'away' } });
  await t.rejects(outcome('malformed'), { code: 'chain_unavailable' });
  await t.rejects(chain.refreshGas(new AbortController().signal), { code: 'chain_unavailable' });
});
