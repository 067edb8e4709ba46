import { once } from 'node:events';
import type { GrpcTypes } from '@mysten/sui/grpc';
import { TransactionDataBuilder } from '@mysten/sui/transactions';
import t from 'tap';
import { ABORT } from '#src/chain/index.js';
import {
  bytesOf,
  commitment,
  connect,
  digestOf,
  keypair,
  SMALL_ID,
  submit,
} from '../fixtures/scripted-commitments.js';
import {
  aborted,
  EARLY_SHAPE,
  effects,
  moveFunction,
  objects,
  resolved,
  SHAPE,
} from '../fixtures/scripted-contract.js';
import { PACKAGE } from '../fixtures/scripted-ledger.js';
import { GrpcFailure } from '../fixtures/scripted-node.js';

const DONE = effects({ success: true });

t.test('while the endpoint is away the same signed bytes are sent again', async (t) => {
  const sent: GrpcTypes.ExecuteTransactionRequest[] = [];
  let simulations = 0;
  const chain = await connect(t, {
    simulateTransaction: (request) => {
      if (simulations++ === 0) throw new GrpcFailure('UNAVAILABLE', 'starting');
      return resolved(request, 1n);
    },
    executeTransaction: (request, attempt) => {
      sent.push(request);
      if (attempt <= 3) throw new GrpcFailure(attempt === 2 ? 'DEADLINE_EXCEEDED' : 'UNAVAILABLE', 'away');
      return DONE;
    },
  });
  const receipt = await submit(chain);
  const [first, ...others] = sent;
  if (first === undefined) throw new Error('nothing was sent');
  t.equal(others.length, 3);
  for (const request of others) t.strictSame(request, first);
  t.strictSame(receipt, { digest: digestOf(first), alreadyCommitted: false });
  t.equal(simulations, 2, 'built once');
});

t.test('the call carries the commitment, and Random only where it is declared', async (t) => {
  for (const [shape, count] of [
    [SHAPE, 8],
    [EARLY_SHAPE, 7],
  ] as const) {
    let data: ReturnType<TransactionDataBuilder['snapshot']> | undefined;
    const chain = await connect(t, {
      getFunction: () => moveFunction(shape),
      executeTransaction: (request) => {
        data = TransactionDataBuilder.fromBytes(Uint8Array.from(bytesOf(request))).snapshot();
        return DONE;
      },
    });
    await submit(chain);
    t.match(data?.commands, [
      { MoveCall: { package: PACKAGE, module: 'settlement', function: 'submit_commitment' } },
    ]);
    t.equal(data?.commands[0]?.MoveCall?.arguments.length, count);
    t.equal(data?.sender, keypair.toSuiAddress());
  }
});

t.test('an answer that got lost is found by the digest', async (t) => {
  let digest: string | undefined;
  const chain = await connect(
    t,
    {
      executeTransaction: (request) => {
        digest = digestOf(request);
        throw new GrpcFailure('UNAVAILABLE', 'the connection broke');
      },
      getTransaction: (request) => {
        t.equal(request.digest, digest);
        return { transaction: DONE.transaction } as GrpcTypes.GetTransactionResponse;
      },
    },
    { requestTimeoutMs: 300 },
  );
  t.strictSame(await submit(chain), { digest, alreadyCommitted: false });
});

t.test('it gives up after the request timeout, naming endpoint and digest', async (t) => {
  let digest = '';
  const chain = await connect(
    t,
    {
      executeTransaction: (request) => {
        digest = digestOf(request);
        throw new GrpcFailure('UNAVAILABLE', 'away for good');
      },
    },
    { requestTimeoutMs: 300 },
  );
  const failure: unknown = await submit(chain).catch((error: unknown) => error);
  t.match(failure, {
    code: 'chain_unavailable',
    message: /127\.0\.0\.1:\d+ did not answer while sending a commitment \(UNAVAILABLE: away for good\)/,
    fields: { digest, ticketId: commitment.ticketId },
  });
});

t.test('an endpoint that never answers does not hold a commitment for ever', async (t) => {
  const silence = () => new Promise<never>(() => undefined);
  for (const script of [{ simulateTransaction: silence }, { executeTransaction: silence }]) {
    const chain = await connect(t, script, { requestTimeoutMs: 200 });
    await t.rejects(submit(chain), { code: 'chain_unavailable' });
  }
});

t.test('a commitment that already stands is a success', async (t) => {
  const status = aborted(BigInt(ABORT.alreadyCommitted));
  const already = { digest: undefined, alreadyCommitted: true };
  const simulated = await connect(t, { simulateTransaction: () => effects(status) });
  t.strictSame(await submit(simulated), already);
  const executed = await connect(t, { executeTransaction: () => effects(status) });
  t.strictSame(await submit(executed), already);
});

t.test('any other abort is an error with the code, its meaning and its place', async (t) => {
  const rejected = (abortCode: number | string, message: RegExp) => ({
    code: 'commitment_rejected',
    message,
    fields: { abortCode, where: `${PACKAGE}::settlement::submit_commitment` },
  });
  const status = aborted(BigInt(ABORT.notAwaitingCommitment));
  const simulated = await connect(t, { simulateTransaction: () => effects(status) });
  const wanted = rejected(ABORT.notAwaitingCommitment, /312012200 in 0x.*not awaiting/);
  await t.rejects(submit(simulated), wanted);
  const executed = await connect(t, { executeTransaction: () => effects(status) });
  await t.rejects(submit(executed), wanted);
  const huge = await connect(t, { executeTransaction: () => effects(aborted(2n ** 64n - 1n)) });
  await t.rejects(submit(huge), rejected('18446744073709551615', /does not know/));
});

t.test('a gas coin that moved on is resolved anew', async (t) => {
  const digests = new Set<string>();
  let version = 0n;
  const chain = await connect(t, {
    simulateTransaction: (request) => resolved(request, ++version),
    executeTransaction: (request, attempt) => {
      digests.add(digestOf(request));
      if (attempt === 1) throw new GrpcFailure('INVALID_ARGUMENT', 'object version is not available');
      return DONE;
    },
  });
  t.match(await submit(chain), { alreadyCommitted: false });
  t.equal(digests.size, 2);
});

t.test('what building anew cannot mend is given up with the reason', async (t) => {
  let simulations = 0;
  const chain = await connect(t, {
    simulateTransaction: () => {
      simulations++;
      throw new GrpcFailure('INVALID_ARGUMENT', 'the function takes another argument');
    },
  });
  await t.rejects(submit(chain), {
    code: 'transaction_rejected',
    message: /in 4 tries.*another argument/,
  });
  t.ok(simulations > 1 && simulations < 10, `${simulations} simulations`);
});

t.test('commitments go one at a time, and one that fails does not hold up the next', async (t) => {
  let version = 1n;
  let running = 0;
  const chain = await connect(t, {
    simulateTransaction: (request) => {
      t.equal(++running, 1, 'alone between simulation and execution');
      return resolved(request, version);
    },
    executeTransaction: (_, attempt) => {
      running--;
      version++;
      return attempt === 2 ? effects(aborted(1n)) : DONE;
    },
  });
  const results = await Promise.allSettled(Array.from({ length: 4 }, () => submit(chain)));
  t.strictSame(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  );
});

t.test('an abort by the caller ends it at once', async (t) => {
  const stop = new AbortController();
  const chain = await connect(t, {
    executeTransaction: () => {
      stop.abort();
      return new Promise<never>(() => undefined);
    },
  });
  await t.rejects(submit(chain, { signal: stop.signal }), {
    code: 'cancelled',
    fields: { ticketId: commitment.ticketId, digest: String },
  });
  await t.rejects(submit(chain, { signal: stop.signal }), { code: 'cancelled' });
});

t.test('closing ends what is under way', async (t) => {
  const started = new EventTarget();
  const chain = await connect(t, {
    simulateTransaction: () => {
      started.dispatchEvent(new Event('started'));
      return new Promise<never>(() => undefined);
    },
  });
  const [outcome] = await Promise.all([
    t.rejects(submit(chain), { code: 'cancelled' }),
    once(started, 'started').then(() => chain.close()),
  ]);
  return outcome;
});

t.test('a start that cannot work is refused with both sides named', async (t) => {
  await t.rejects(connect(t, {}, { smallId: 6n }), {
    code: 'small_id_mismatch',
    message: /badge of node 5, but small_id is 6/,
  });
  const stranger = `0x${'ee'.repeat(32)}`;
  await t.rejects(connect(t, { batchGetObjects: () => objects(stranger, SMALL_ID) }), {
    code: 'badge_not_owned',
    message: new RegExp(`${stranger}.*${keypair.toSuiAddress()}`),
  });
  await t.rejects(connect(t, {}, { httpUrl: 'http://127.0.0.1:1' }), {
    code: 'chain_unavailable',
    message: /http:\/\/127\.0\.0\.1:1 did not answer/,
  });
});

t.test('a contract of another shape is refused, showing what was found', async (t) => {
  const shapes: readonly (readonly string[])[] = [
    [],
    SHAPE.slice(1),
    SHAPE.map((type) => (type === 'u64' ? 'u8' : type)),
    SHAPE.map((type) => type.replace('&mut', '&')),
    SHAPE.map((type) => type.replace('0x2::', '0x3::')),
    [...SHAPE.slice(0, -1), 'u64', ...SHAPE.slice(-1)],
  ];
  for (const shape of shapes) {
    await t.rejects(connect(t, { getFunction: () => moveFunction(shape) }), { code: 'unsupported_contract' });
  }
  const missing = () => {
    throw new GrpcFailure('NOT_FOUND', 'no such function');
  };
  await t.rejects(connect(t, { getFunction: missing }), {
    code: 'unsupported_contract',
    message: /nothing of that name, wanted settlement::submit_commitment/,
  });
});
