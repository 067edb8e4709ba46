import t from 'tap';
import { Stage } from './devnet-stage.js';

const ALWAYS = 1000;
const NEVER = 0;

t.test('one node answers for all leaves where nobody is drawn to check it', async (t) => {
  const stage = new Stage({ crossValidationChunks: 3, crossValidationPermille: NEVER });
  stage.addNodes(3);
  const { ticketId, nodes, chunks } = stage.ask(null);
  t.equal(nodes.length, 1);
  t.equal(chunks, 3n);
  t.same(stage.commit(nodes[0] ?? 0n, ticketId).names, ['FirstSubmissionEvent', 'SettledEvent']);
  // 8 input tokens at most and 16 output tokens for each of three leaves, and one node that was paid 13.
  t.match(stage.books.settlements(), [{ paid: [{ amount: 13n }], refunded: 3n * 24n - 13n }]);
});

t.test('others check the one, each with a leaf of its own', async (t) => {
  const stage = new Stage({ crossValidationChunks: 3, crossValidationPermille: ALWAYS });
  stage.addNodes(5);
  const { ticketId, nodes } = stage.ask(null);
  const { names, events } = stage.commit(nodes[0] ?? 0n, ticketId);
  t.same(names, ['FirstSubmissionEvent', 'NewlySampledNodesEvent']);
  t.match(events[1]?.fields, { ticket_id: ticketId, new_nodes: [{ order: '1' }, { order: '2' }] });
  const extra = stage.books.ticket(ticketId)?.nodes.slice(1) ?? [];
  t.equal(new Set([...nodes, ...extra.map(({ smallId }) => smallId)]).size, 3, 'three different ones');
  t.same(stage.tryToSettle(ticketId).names, [], 'they are waited for');
  t.same(stage.commit(extra[1]?.smallId ?? 0n, ticketId).names, []);
  t.same(stage.commit(extra[0]?.smallId ?? 0n, ticketId).names, ['SettledEvent']);
  t.equal(stage.books.settlements()[0]?.paid.length, 3);
});

t.test(
  'one of the others that is silent is slashed and replaced; one that differs is a dispute',
  async (t) => {
    const stage = new Stage({ crossValidationChunks: 2, crossValidationPermille: ALWAYS });
    stage.addNodes(3);
    const { ticketId, nodes } = stage.ask(null);
    stage.advance(900);
    stage.commit(nodes[0] ?? 0n, ticketId);
    stage.advance(900);
    t.same(stage.tryToSettle(ticketId).names, [], 'it has its own time');
    stage.advance(100);
    const { events } = stage.tryToSettle(ticketId);
    t.match(events, [
      { name: 'settlement::NewlySampledNodesEvent', fields: { new_nodes: [{ order: '1' }] } },
    ]);
    t.equal(stage.books.slashes().length, 1);
    const last = stage.books.ticket(ticketId)?.nodes[1]?.smallId ?? 0n;
    t.match(stage.commit(last, ticketId, { text: 'green' }).events, [
      { name: 'settlement::DisputeEvent', fields: { timeout: null } },
    ]);
  },
);

t.test('too few others: the ticket waits until the echelon has enough', async (t) => {
  const stage = new Stage({ crossValidationChunks: 3, crossValidationPermille: ALWAYS });
  const [one = 0n] = stage.addNodes(1);
  const { ticketId } = stage.ask(null);
  const { events } = stage.commit(one, ticketId);
  t.match(events[1], {
    name: 'settlement::RetrySettlementEvent',
    fields: { ticket_id: ticketId, how_many_nodes_in_echelon: '3' },
  });
  stage.advance(10_000);
  t.same(stage.tryToSettle(ticketId).names, [], 'said once, and nobody is late');
  const two = stage.addNode();
  t.same(stage.tryToSettle(ticketId).names, [], 'not enough yet');
  const three = stage.addNode();
  t.same(stage.tryToSettle(ticketId).names, ['NewlySampledNodesEvent']);
  stage.commit(two, ticketId);
  t.same(stage.commit(three, ticketId).names, ['SettledEvent']);
});

t.test('about half of the prompts are checked, as the chance is', async (t) => {
  const stage = new Stage({ crossValidationChunks: 2 });
  stage.addNodes(2);
  let checked = 0;
  for (let n = 0; n < 100; n++) {
    const { ticketId, nodes } = stage.ask(null);
    if (stage.commit(nodes[0] ?? 0n, ticketId).names.includes('NewlySampledNodesEvent')) checked++;
  }
  t.ok(checked > 30 && checked < 70, `${checked} of 100`);
});
