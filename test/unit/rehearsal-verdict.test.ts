import t from 'tap';
import type { Ticket, TicketAnswer } from '#src/core/index.js';
import type { NodePart, RehearsalFacts, TicketFacts } from '#src/node/rehearsal/facts.js';
import { figuresOf } from '#src/node/rehearsal/figures.js';
import { judge } from '#src/node/rehearsal/verdict.js';

const RECEIVED_MS = 1_000_000;
const DEADLINE_MS = RECEIVED_MS + 60_000;

t.test('all went as it must', async (t) => {
  t.strictSame(judge(facts([part(1n), part(2n), { ...part(3n, 'no'), paid: undefined }])), []);
});

t.test('each thing that can go wrong is told', async (t) => {
  const kinds = (parts: readonly NodePart[], change: Partial<TicketFacts> = {}) =>
    judge(facts(parts, change)).map(({ kind }) => kind);
  const [first, second] = [part(1n), part(2n)];
  t.strictSame(kinds([first, part(2n, 'yep')]), ['not_reproducible']);
  t.strictSame(kinds([first, { ...second, committedAtMs: undefined, paid: undefined }]), ['not_committed']);
  t.strictSame(kinds([first, { ...second, committedAtMs: DEADLINE_MS + 1 }]), ['late']);
  t.strictSame(kinds([first, { ...second, paid: 4n }]), ['not_paid']);
  t.strictSame(kinds([first, second], { settled: false }), ['not_settled']);
});

t.test('exactly the liar loses its collateral', async (t) => {
  const { nodes, ...rest } = facts([part(1n), part(2n)]);
  const change = (smallId: bigint, lost: bigint, collateral: bigint): RehearsalFacts => ({
    ...rest,
    nodes: nodes.map((node) => (node.smallId === smallId ? { ...node, lost, collateral } : node)),
  });
  t.match(judge(change(1n, 10n, 90n)), [{ kind: 'slashed', message: /node 1, which did not lie, lost 10/ }]);
  t.match(judge(change(4n, 10n, 90n)), [{ kind: 'slashed', message: /node 4/ }], 'an oracle neither');
  t.match(judge(change(3n, 0n, 100n)), [{ kind: 'not_slashed', message: /still has 100/ }]);
});

t.test('a difference is shown where it begins', async (t) => {
  const differ = (one: readonly number[], other: readonly number[]) =>
    judge(facts([part(1n, 'a', one), part(2n, 'b', other)]))[0]?.message;
  t.match(differ([1, 2, 3], [1, 7, 3]), /first at token 1: node 1 has 2, node 2 has 7/);
  t.match(differ([1, 2], [1, 2, 3]), /first at token 2: node 1 had ended, node 2 has 3/);
  t.match(differ([1, 2], [1, 2]), /the same tokens but other texts/);
});

t.test('why a node did not commit is what its journal says', async (t) => {
  const silent = { ...part(2n), committedAtMs: undefined, paid: undefined };
  const why = (ticket: Ticket | undefined) => judge(facts([part(1n), { ...silent, ticket }]))[0]?.message;
  const history = [{ state: 'failed' as const, atMs: 1, reason: 'out of paper' }];
  t.match(why({ ...ticketOf(undefined), state: 'failed', history }), /its journal says failed: out of paper/);
  t.match(
    why({ ...ticketOf(undefined), state: 'running' }),
    /its journal says running; no answer came in time/,
  );
  t.match(why(undefined), /it never saw the ticket/);
});

t.test('figures are of the node that is asked for', async (t) => {
  const late = { ...part(1n), committedAtMs: DEADLINE_MS - 1000 };
  const soon = { ...part(1n), committedAtMs: DEADLINE_MS - 59_000 };
  const tickets = [facts([late, part(2n)]), facts([soon]), facts([soon])].flatMap((one) => one.tickets);
  t.match(figuresOf(1n, tickets), {
    commitments: 3,
    marginMs: { min: 1000, median: 59_000 },
    firstTokenMs: 40,
    tokensPerSecond: 25,
  });
  t.match(figuresOf(4n, tickets), { commitments: 0, marginMs: undefined, firstTokenMs: undefined });
});

/** Nodes 1 and 2 are honest, 3 lies, 4 is the oracle; a token costs one unit. */
function facts(parts: readonly NodePart[], change: Partial<TicketFacts> = {}): RehearsalFacts {
  const node = { earned: 0n, lost: 0n, collateral: 100n };
  return {
    tickets: [
      { ticketId: '0x7', isSampled: false, parts, settled: true, disputed: true, oracle: 4n, ...change },
    ],
    nodes: [
      { ...node, smallId: 1n, role: 'honest' },
      { ...node, smallId: 2n, role: 'honest' },
      { smallId: 3n, role: 'liar', earned: 0n, lost: 100n, collateral: 0n },
      { ...node, smallId: 4n, role: 'oracle' },
    ],
    fees: { perInputToken: 1n, perOutputToken: 1n },
  };
}

function part(smallId: bigint, text = 'yes', tokens: readonly number[] = [5, 6]): NodePart {
  const answer = answerOf(text, tokens);
  const paid = BigInt(answer.inputTokens + answer.outputTokens);
  return { smallId, ticket: ticketOf(answer), committedAtMs: RECEIVED_MS + 100, paid };
}

function answerOf(text: string, tokens: readonly number[]): TicketAnswer {
  return {
    text,
    tokens,
    inputTokens: 3,
    promptTokens: [1, 2, 3],
    outputTokens: tokens.length,
    finishReason: 'stop',
    timings: { prefillMs: 1, decodeMs: 2 },
    root: '00',
    leaf: '00',
    tokensPerSecond: 25,
    profile: 'p',
  };
}

function ticketOf(answer: TicketAnswer | undefined): Ticket {
  return {
    id: '0x7',
    eventId: 'e:0',
    params: {
      model: 'm',
      prompt: 'hi',
      prePromptTokens: [],
      prependOutputWithInput: false,
      maxTokens: 4n,
      randomSeed: 1n,
      repeatLastN: 0n,
      repeatPenalty: 1,
      shouldStreamOutput: true,
      temperature: 0,
      topK: 0n,
      topP: 1,
    },
    leafIndex: 0n,
    chunksCount: 3n,
    outputDestination: new Uint8Array(),
    receivedAtMs: RECEIVED_MS,
    deadlineMs: DEADLINE_MS,
    firstTokenAtMs: RECEIVED_MS + 40,
    state: 'committed',
    history: [],
    answer,
    digest: undefined,
    error: undefined,
    late: false,
  };
}
