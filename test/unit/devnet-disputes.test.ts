import t from 'tap';
import { ABORT, commitmentRoot } from '#src/chain/index.js';
import { COLLATERAL } from '#src/devnet/contract/registry.js';
import { type Asked, type Saying, Stage } from './devnet-stage.js';

const TIMEOUT_MS = 1000;
/** 7 input and 6 output tokens at a fee of 1. */
const FEE = 13n;

/** A ticket of three nodes and an oracle who is none of them; each node says its own. */
function stageOf(sayings: readonly (Saying | 'silent')[]): {
  readonly stage: Stage;
  readonly asked: Asked;
  readonly oracle: bigint;
} {
  const stage = new Stage();
  stage.addNodes(sayings.length);
  const oracle = stage.addNode(true);
  const asked = stage.ask(BigInt(sayings.length));
  for (const [index, saying] of sayings.entries()) {
    if (saying !== 'silent') stage.commit(asked.nodes[index] ?? 0n, asked.ticketId, saying);
  }
  return { stage, asked, oracle };
}

const LIES: readonly { readonly name: string; readonly lie: Saying }[] = [
  { name: 'another text', lie: { text: 'green' } },
  { name: 'another count of input tokens', lie: { inputTokens: 8n } },
  { name: 'another count of output tokens', lie: { outputTokens: 7n } },
  { name: 'another root over a right leaf', lie: { root: new Uint8Array(32) } },
  { name: 'another leaf under a right root', lie: { leaf: new Uint8Array(32) } },
];

for (const { name, lie } of LIES) {
  for (const liar of [0, 1, 2]) {
    t.test(`the oracle blames who said ${name}, as number ${liar} of three`, async (t) => {
      const { stage, asked, oracle } = stageOf([0, 1, 2].map((index) => (index === liar ? lie : {})));
      const { ticketId, nodes } = asked;
      t.equal(stage.books.ticket(ticketId)?.dispute, 'difference');
      t.equal(stage.settleDispute(oracle, ticketId).abort, BigInt(ABORT.notReadyToSettle), 'not timed out');
      stage.advance(TIMEOUT_MS);
      const { events } = stage.settleDispute(oracle, ticketId);
      t.match(events, [
        { name: 'settlement::SettledEvent', fields: { oracle_node_id: { inner: String(oracle) } } },
      ]);
      const guilty = nodes[liar] ?? 0n;
      const honest = nodes.filter((smallId) => smallId !== guilty);
      t.equal(stage.books.collateral(guilty), 0n);
      t.equal(stage.books.treasury(), COLLATERAL);
      t.same(stage.books.slashes(), [{ ticketId, smallId: guilty, amount: COLLATERAL, reason: 'dispute' }]);
      const [settled] = stage.books.settlements();
      t.same(
        settled?.paid,
        honest.map((smallId) => ({ smallId, amount: FEE })),
      );
      t.equal(settled?.refunded, 3n * 24n - 2n * FEE);
      t.equal(stage.byBadge(guilty, 'permanently_disable_node').abort, BigInt(ABORT.alreadyDisabled));
      t.equal(stage.send({ nodes: 3n }).abort, BigInt(ABORT.noEligibleEchelons), 'it is sampled no more');
    });
  }
}

t.test('all may be wrong, and all is refunded', async (t) => {
  const { stage, asked, oracle } = stageOf([{ text: 'red' }, { text: 'green' }]);
  stage.advance(TIMEOUT_MS);
  stage.settleDispute(oracle, asked.ticketId);
  t.match(stage.books.settlements(), [{ oracle, paid: [], refunded: 2n * 24n }]);
  t.equal(stage.books.treasury(), 2n * COLLATERAL);
});

t.test('who is silent in a dispute loses what a timeout costs, and is paid nothing', async (t) => {
  const { stage, asked, oracle } = stageOf([{}, { text: 'green' }, 'silent']);
  stage.advance(TIMEOUT_MS);
  t.same(stage.tryToSettle(asked.ticketId).names, [], 'a dispute ends no rounds');
  stage.settleDispute(oracle, asked.ticketId);
  t.equal(stage.books.slashed(asked.nodes[1] ?? 0n), COLLATERAL);
  t.equal(stage.books.slashed(asked.nodes[2] ?? 0n), COLLATERAL / 10n);
  t.same(stage.books.settlements()[0]?.paid, [{ smallId: asked.nodes[0], amount: FEE }]);
});

t.test(
  'a dispute that came of a timeout is settled without another slash, late commitments paid',
  async (t) => {
    const { stage, asked, oracle } = stageOf(['silent', {}]);
    stage.advance(TIMEOUT_MS);
    t.same(stage.tryToSettle(asked.ticketId).names, ['DisputeEvent']);
    stage.settleDispute(oracle, asked.ticketId);
    t.equal(stage.books.slashed(asked.nodes[0] ?? 0n), COLLATERAL / 10n);

    const late = stage.ask(2n);
    stage.commit(late.nodes[0] ?? 0n, late.ticketId);
    stage.advance(TIMEOUT_MS);
    stage.tryToSettle(late.ticketId);
    stage.commit(late.nodes[1] ?? 0n, late.ticketId);
    stage.settleDispute(oracle, late.ticketId);
    t.equal(stage.books.settlements()[1]?.paid.length, 2);
  },
);

t.test('the contract refuses what is no verdict', async (t) => {
  const { stage, asked, oracle } = stageOf([{}, { text: 'green' }]);
  const { ticketId, nodes } = asked;
  const refusal = (smallId: bigint, saying: Saying = {}) =>
    stage.settleDispute(smallId, ticketId, saying).abort;
  stage.advance(TIMEOUT_MS);
  t.equal(refusal(nodes[0] ?? 0n), BigInt(ABORT.notAnOracle), 'a node that is none');
  stage.accounts.catalogue.addOracle(stage.options.model, 0n, nodes[0] ?? 0n);
  t.equal(refusal(nodes[0] ?? 0n), BigInt(ABORT.notAnOracle), 'nobody judges a ticket of their own');
  t.equal(refusal(oracle, { root: new Uint8Array(31) }), BigInt(ABORT.hashNot32Bytes));
  t.equal(refusal(oracle, { leaf: new Uint8Array(96) }), BigInt(ABORT.leavesBufferLength));
  const other = stage.addNode(true);
  stage.byBadge(other, 'permanently_disable_node');
  t.equal(refusal(other), BigInt(ABORT.notAnOracle), 'a disabled one');
  t.equal(refusal(oracle), undefined);
  t.equal(refusal(oracle), 1n, 'the ticket is gone');
});

t.test('all leaves are there and make another root: a dispute', async (t) => {
  const root = commitmentRoot(new TextEncoder().encode('else'), 2n);
  const { stage, asked } = stageOf([{ root }, { root }]);
  t.equal(stage.books.ticket(asked.ticketId)?.dispute, 'difference');
});

t.test('a node that lost its collateral gets its fees, and nothing else', async (t) => {
  const { stage, asked, oracle } = stageOf([{}, {}]);
  const [liar = 0n, other = 0n] = asked.nodes;
  const again = stage.ask(2n);
  for (const [index, smallId] of again.nodes.entries()) {
    stage.commit(smallId, again.ticketId, smallId === liar ? { text: `lie ${index}` } : {});
  }
  stage.advance(TIMEOUT_MS);
  stage.settleDispute(oracle, again.ticketId);
  t.equal(stage.byBadge(liar, 'destroy_disabled_node').abort, BigInt(ABORT.waitBeforeDestroy));
  stage.genesis.ledger.nextEpoch();
  stage.genesis.ledger.nextEpoch();
  const held = stage.genesis.database.held();
  t.equal(stage.byBadge(liar, 'destroy_disabled_node').abort, undefined);
  t.equal(held - stage.genesis.database.held(), FEE, 'what it earned before it lied');
  stage.byBadge(other, 'withdraw_fees');
  t.equal(held - stage.genesis.database.held(), 3n * FEE);
});
