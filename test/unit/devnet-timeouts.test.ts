import t from 'tap';
import { ABORT, type EVENT_LAYOUTS } from '#src/chain/index.js';
import { COLLATERAL } from '#src/devnet/contract/registry.js';
import { type Done, Stage } from './devnet-stage.js';

const TIMEOUT_MS = 1000;
const AN_HOUR_MS = 3_600_000;
/** What a silent node loses of a collateral of which nothing was lost before. */
const A_TENTH = COLLATERAL / 10n;

/** The nodes that a transaction's events ask for, with their leaf indices. */
function sampledIn(events: Done['events']) {
  const event = events.find(({ name }) => name === 'settlement::NewlySampledNodesEvent');
  const fields = event?.fields as (typeof EVENT_LAYOUTS)['settlement::NewlySampledNodesEvent']['$inferType'];
  return fields.new_nodes;
}

t.test(
  'silent nodes are slashed when their time is over, and others are asked in their places',
  async (t) => {
    const stage = new Stage();
    stage.addNodes(5);
    const { ticketId, nodes } = stage.ask(3n);
    const [first = 0n, second = 0n, third = 0n] = nodes;
    stage.commit(second, ticketId);
    stage.advance(TIMEOUT_MS / 2);
    t.same(stage.tryToSettle(ticketId).names, [], 'it is not ready, and nothing happens');
    t.equal(stage.books.slashes().length, 0);

    stage.advance(TIMEOUT_MS / 2);
    const { events, names } = stage.tryToSettle(ticketId);
    t.same(names, ['NewlySampledNodesEvent']);
    const others = [1n, 2n, 3n, 4n, 5n].filter((smallId) => !nodes.includes(smallId));
    const asked = sampledIn(events);
    t.same(
      asked.map(({ order }) => order),
      ['0', '2'],
      'their leaf indices',
    );
    t.same(asked.map(({ node_id }) => BigInt(node_id.inner)).sort(), others);
    for (const silent of [first, third]) {
      t.equal(stage.books.collateral(silent), COLLATERAL - A_TENTH);
      t.equal(stage.commit(silent, ticketId).abort, BigInt(ABORT.notAwaitingCommitment), 'it is out');
    }
    t.equal(stage.books.collateral(second), COLLATERAL);
    t.equal(stage.books.treasury(), 2n * A_TENTH);
    t.same(stage.books.ticket(ticketId)?.replaced, [first, third]);

    t.same(stage.tryToSettle(ticketId).names, [], 'a round of their own has begun');
    for (const { node_id, order } of asked) {
      const { names: after } = stage.commit(BigInt(node_id.inner), ticketId);
      t.same(after, order === '2' ? ['SettledEvent'] : []);
    }
    const [settled] = stage.books.settlements();
    t.same(settled?.paid.map(({ smallId }) => smallId).sort(), [second, ...others].sort());
  },
);

t.test('a commitment settles what is due too', async (t) => {
  const stage = new Stage();
  stage.addNodes(3);
  const { ticketId, nodes } = stage.ask(2n);
  const [first = 0n, second = 0n] = nodes;
  stage.advance(TIMEOUT_MS);
  t.same(stage.commit(first, ticketId).names, ['FirstSubmissionEvent', 'NewlySampledNodesEvent']);
  t.equal(stage.books.slashed(second), A_TENTH);
  t.equal(stage.books.slashed(first), 0n, 'it was late, but before anybody said so');
});

t.test('after three rounds it comes to a dispute; one who was silent may still commit', async (t) => {
  const stage = new Stage();
  stage.addNodes(8);
  const { ticketId } = stage.ask(1n);
  for (const round of [1, 2, 3]) {
    stage.advance(TIMEOUT_MS);
    const { names, events } = stage.tryToSettle(ticketId);
    t.equal(stage.books.slashes().length, round);
    if (round < 3) {
      t.same(names, ['NewlySampledNodesEvent']);
      continue;
    }
    t.same(names, ['DisputeEvent']);
    t.match(events[0]?.fields, {
      ticket_id: ticketId,
      timeout: { timed_out_count: '3', timeout_ms: String(TIMEOUT_MS), started_in_epoch: '0' },
    });
  }
  stage.advance(TIMEOUT_MS);
  t.same(stage.tryToSettle(ticketId).names, [], 'nothing but an oracle ends it now');
  const ticket = stage.books.ticket(ticketId);
  t.equal(ticket?.dispute, 'timeout');
  t.same(stage.commit(ticket?.nodes[0]?.smallId ?? 0n, ticketId).names, ['FirstSubmissionEvent']);
});

t.test(
  'with nobody left to ask it comes to a dispute at once, or to another round for the rest',
  async (t) => {
    const stage = new Stage();
    const [one = 0n] = stage.addNodes(1);
    const { ticketId } = stage.ask(1n);
    stage.advance(TIMEOUT_MS);
    t.same(stage.tryToSettle(ticketId).names, ['DisputeEvent']);
    t.equal(stage.books.slashed(one), A_TENTH);

    stage.addNodes(1);
    const both = stage.ask(2n);
    const spare = stage.addNode();
    stage.advance(TIMEOUT_MS);
    t.same(stage.tryToSettle(both.ticketId).names, ['NewlySampledNodesEvent']);
    t.same(stage.books.ticket(both.ticketId)?.replaced, both.nodes.slice(0, 1));
    stage.commit(spare, both.ticketId);
    stage.advance(TIMEOUT_MS);
    t.same(stage.tryToSettle(both.ticketId).names, ['DisputeEvent']);
  },
);

t.test('a disabled node, an oracle and one that left are not asked', async (t) => {
  const stage = new Stage();
  const [one = 0n, disabled = 0n, left = 0n] = stage.addNodes(3);
  stage.byBadge(disabled, 'permanently_disable_node');
  stage.byBadge(left, 'remove_node_from_model', (tx) => [
    tx.pure.string(stage.options.model),
    tx.pure.u64(2n),
  ]);
  const { ticketId, nodes } = stage.ask(1n);
  t.same(nodes, [one]);
  stage.addNode(true);
  stage.advance(TIMEOUT_MS);
  t.same(stage.tryToSettle(ticketId).names, ['DisputeEvent']);
});

t.test('time counts from the start of the epoch where that has changed', async (t) => {
  const stage = new Stage();
  stage.addNodes(4);
  const { ticketId } = stage.ask(1n);
  stage.advance(TIMEOUT_MS - 1);
  stage.genesis.ledger.nextEpoch();
  stage.advance(TIMEOUT_MS - 1);
  t.same(stage.tryToSettle(ticketId).names, [], 'what passed before the change does not count');
  stage.advance(1);
  t.same(stage.tryToSettle(ticketId).names, ['NewlySampledNodesEvent']);

  stage.genesis.ledger.nextEpoch();
  t.same(stage.tryToSettle(ticketId).names, []);
  stage.genesis.ledger.nextEpoch();
  t.same(stage.tryToSettle(ticketId).names, ['NewlySampledNodesEvent'], 'two epochs later it is over');

  stage.advance(2 * AN_HOUR_MS);
  const { events } = stage.tryToSettle(ticketId);
  t.match(events[0], { name: 'settlement::DisputeEvent', fields: { timeout: { started_in_epoch: '3' } } });
});

t.test('nobody can settle a ticket that is gone', async (t) => {
  const stage = new Stage();
  const [one = 0n] = stage.addNodes(1);
  const { ticketId } = stage.ask(1n);
  t.same(stage.commit(one, ticketId).names, ['FirstSubmissionEvent', 'SettledEvent']);
  t.equal(stage.tryToSettle(ticketId).abort, 1n);
  t.equal(stage.commit(one, ticketId).abort, 1n);
});
