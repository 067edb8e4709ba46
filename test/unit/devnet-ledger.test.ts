import fc from 'fast-check';
import t from 'tap';
import { Invariant } from './devnet-invariant.js';
import { type Done, type Saying, Stage } from './devnet-stage.js';

const TIMEOUT_MS = 1000;
/** Nodes and oracles that may be active at a time, so that steps find the same ones again. */
const MAX_NODES = 9;

const LIES: readonly Saying[] = [
  { text: 'green' },
  { outputTokens: 1n << 63n },
  { inputTokens: 0n },
  { root: new Uint8Array(32) },
  { leaf: new Uint8Array(32) },
  { leaf: new Uint8Array(31) },
];
const BADGE_CALLS = ['permanently_disable_node', 'destroy_disabled_node', 'withdraw_fees', 'withdraw_fees'];

const position = fc.nat({ max: 20 });
const saying = fc.oneof(
  { weight: 7, arbitrary: fc.constant<Saying>({}) },
  { weight: 3, arbitrary: fc.constantFrom(...LIES) },
);
const nodesToSample = fc.constantFrom(null, null, 1n, 2n, 3n, 0n, 99n);
const maxTokens = fc.constantFrom(0n, 16n, 16n, 16n, 1n << 60n, (1n << 64n) - 1n);

/** What can happen; `node` and `ticket` choose among those there are. */
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('prompt'), nodes: nodesToSample, maxTokens }) },
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant('commit'), ticket: position, node: position, saying }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('intrude'), ticket: position, node: position, saying }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('tryToSettle'), ticket: position }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('judge'), ticket: position, node: position, saying }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('wait'),
      ms: fc.constantFrom(1, 400, TIMEOUT_MS, TIMEOUT_MS, 3_600_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('epoch') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('join'), oracle: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('badge'),
      node: position,
      call: fc.constantFrom(...BADGE_CALLS),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('move'), node: position, leave: fc.boolean(), index: position }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** One of a list; undefined of an empty one. */
function nth<T>(items: readonly T[], index: number): T | undefined {
  return items[index % Math.max(1, items.length)];
}

/** Does a step; undefined where there is nothing to do it to, or it is no transaction. */
function act(stage: Stage, step: Step): Done | undefined {
  const ticketId = 'ticket' in step ? nth(openTickets(stage), step.ticket) : undefined;
  const node = 'node' in step ? nth(withBadges(stage), step.node) : undefined;
  if ('nodes' in step) return stage.send(step);
  if ('ms' in step) stage.advance(step.ms);
  else if ('oracle' in step) {
    if (activeNodes(stage) < MAX_NODES) stage.addNode(step.oracle);
  } else if (step.kind === 'epoch') stage.genesis.ledger.nextEpoch();
  if (node !== undefined && 'call' in step) return stage.byBadge(node, step.call);
  if (node !== undefined && 'leave' in step) return move(stage, node, step);
  if (ticketId === undefined) return undefined;
  if (step.kind === 'tryToSettle') return stage.tryToSettle(ticketId);
  if (node === undefined || !('saying' in step)) return undefined;
  if (step.kind === 'judge') return stage.settleDispute(node, ticketId, step.saying);
  if (step.kind === 'intrude') return stage.commit(node, ticketId, step.saying);
  const asked = nth(stage.books.ticket(ticketId)?.nodes ?? [], step.node);
  if (asked === undefined || !withBadges(stage).includes(asked.smallId)) return undefined;
  return stage.commit(asked.smallId, ticketId, step.saying);
}

function openTickets(stage: Stage): string[] {
  return [...stage.genesis.database.tickets.values()].map(({ id }) => id);
}

/** Small ids of those who have not been destroyed: the others cannot send anything. */
function withBadges(stage: Stage): bigint[] {
  return [...stage.nodes.keys()].filter((smallId) => stage.genesis.database.nodes.get(smallId));
}

function activeNodes(stage: Stage): number {
  const nodes = [...stage.genesis.database.nodes.values()];
  return nodes.filter(({ disabledInEpoch }) => disabledInEpoch === undefined).length;
}

function move(stage: Stage, node: bigint, { leave, index }: { leave: boolean; index: number }): Done {
  const name = leave ? 'remove_node_from_model' : 'add_node_to_model';
  const number = leave ? BigInt(index % MAX_NODES) : 0n;
  return stage.byBadge(node, name, (tx) => [tx.pure.string(stage.options.model), tx.pure.u64(number)]);
}

const chain = fc.record({
  nodes: fc.constantFrom(1, 2, 4),
  seed: fc.bigInt(0n, 1_000_000n),
  inputFeePerToken: fc.constantFrom(0n, 3n),
  outputFeePerToken: fc.constantFrom(1n, 5n),
  crossValidationChunks: fc.constantFrom(1, 2, 3),
  crossValidationPermille: fc.constantFrom(undefined, 0, 500, 1000),
});

t.test('after every transaction of any run the ledger is sound', async (t) => {
  const seen = new Map<string, number>();
  let steps = 0;
  fc.assert(
    fc.property(chain, fc.array(step, { minLength: 100, maxLength: 140 }), ({ nodes, ...options }, run) => {
      const stage = new Stage({ settlementTimeoutMs: BigInt(TIMEOUT_MS), ...options });
      stage.addNodes(nodes);
      stage.addNode(true);
      const sui = stage.sui();
      const invariant = new Invariant(stage);
      for (const one of run) invariant.check(act(stage, one));
      steps += run.length;
      for (const [name, count] of invariant.seen) seen.set(name, (seen.get(name) ?? 0) + count);
      return stage.sui() === sui;
    }),
    { numRuns: 32 },
  );
  t.comment(steps, Object.fromEntries(seen));
  const wanted = ['Settled', 'Dispute', 'FirstSubmission', 'NewlySampledNodes', 'RetrySettlement'];
  for (const name of wanted) t.ok(seen.get(`settlement::${name}Event`), `${name} came up`);
  for (const reason of ['timeout', 'dispute']) t.ok(seen.get(reason), `a ${reason} cost collateral`);
});
