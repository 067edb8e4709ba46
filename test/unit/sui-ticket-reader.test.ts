import { GrpcTypes } from '@mysten/sui/grpc';
import t, { type Test } from 'tap';
import type { TicketOnChain } from '#src/core/index.js';
import { commitment, connect } from '../fixtures/scripted-commitments.js';
import { GrpcFailure } from '../fixtures/scripted-node.js';

const UNREADABLE: TicketOnChain = {
  nodes: undefined,
  leafCount: undefined,
  inputTokens: undefined,
  outputTokens: undefined,
  root: undefined,
  disputed: undefined,
  echelon: undefined,
};
const json = GrpcTypes.Object.fields.find(({ name }) => name === 'json');
const base64 = (byte: number, count: number): string => Buffer.alloc(count, byte).toString('base64');
const leaf = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

/** What the node reads of a ticket that the endpoint shows so; undefined: without JSON. */
async function read(t: Test, fields: unknown): Promise<TicketOnChain | undefined> {
  const value = json?.kind === 'message' ? json.T().fromJson(JSON.parse(JSON.stringify(fields ?? null))) : {};
  const object = GrpcTypes.Object.create(fields === undefined ? {} : { json: value });
  const chain = await connect(t, { getObject: () => ({ object }) });
  return await chain.readTicket(commitment.ticketId, new AbortController().signal);
}

t.test('a ticket is read by the names of its fields', async (t) => {
  const found = await read(t, {
    all: [{ inner: '7' }, { inner: '18446744073709551615' }, { inner: '9' }],
    completed: [{ inner: '9' }, { inner: '7' }],
    echelon_id: { id: '4' },
    input_tokens_count: '5',
    output_tokens_count: '6',
    is_being_disputed: true,
    merkle_root: base64(1, 32),
    merkle_leaves: Buffer.concat([leaf(2), leaf(0), leaf(3), leaf(0)]).toString('base64'),
    something_else: [1],
  });
  t.strictSame(found, {
    nodes: [
      { smallId: 7n, committed: true, leaf: leaf(2) },
      { smallId: 2n ** 64n - 1n, committed: false, leaf: undefined },
      { smallId: 9n, committed: true, leaf: leaf(3) },
    ],
    leafCount: 4n,
    inputTokens: 5n,
    outputTokens: 6n,
    root: leaf(1),
    disputed: true,
    echelon: 4n,
  });
});

t.test('of another layout only what is understood is read', async (t) => {
  t.strictSame(await read(t, undefined), UNREADABLE);
  t.strictSame(await read(t, 'a text'), UNREADABLE);
  t.strictSame(
    await read(t, { all: 'x', completed: 1, merkle_root: 'AA==', merkle_leaves: '?' }),
    UNREADABLE,
  );
  t.strictSame(
    await read(t, { all: ['3'], merkle_root: '', is_being_disputed: 'yes', input_tokens_count: 5 }),
    {
      ...UNREADABLE,
      nodes: [{ smallId: 3n, committed: undefined, leaf: undefined }],
      inputTokens: 5n,
    },
  );
});

t.test('a ticket that is gone is none', async (t) => {
  const chain = await connect(t, {
    getObject: () => {
      throw new GrpcFailure('NOT_FOUND', 'no such object');
    },
  });
  t.equal(await chain.readTicket(commitment.ticketId, new AbortController().signal), undefined);
});
