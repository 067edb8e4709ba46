import assert from 'node:assert/strict';
import type { EVENT_LAYOUTS, EventName } from '#src/chain/index.js';
import type { Node, TicketRecord } from '#src/devnet/contract/records.js';
import { TOMA_SUPPLY } from '#src/devnet/genesis.js';
import type { Done, Stage } from './devnet-stage.js';

type Fields<Name extends EventName> = (typeof EVENT_LAYOUTS)[Name]['$inferType'];

/** The state before a transaction. Records are never changed, so that a shallow copy keeps them. */
interface Before {
  readonly nodes: ReadonlyMap<bigint, Node>;
  readonly tickets: ReadonlyMap<string, TicketRecord>;
  readonly treasury: bigint;
}

/** Rounds after which nobody else is asked. */
const MAX_ROUNDS = 3n;

/**
 * Holds the ledger against what must be true after every transaction, whoever sent it and whether or not it
 * succeeded. It knows no rules of the contract but these.
 */
export class Invariant {
  readonly #stage: Stage;
  readonly #settled = new Set<string>();
  readonly #disputed = new Set<string>();
  readonly #begun = new Set<string>();
  readonly #seen = new Map<string, number>();
  #before: Before;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#before = this.#state();
  }

  /** How often each event came, and each kind of slash. */
  get seen(): ReadonlyMap<string, number> {
    return this.#seen;
  }

  /** @throws AssertionError */
  check(done: Done | undefined): void {
    const after = this.#state();
    assert.equal(this.#stage.toma(), TOMA_SUPPLY, 'no token is made or lost');
    this.#checkNodes(after);
    for (const ticket of after.tickets.values()) checkTicket(ticket, this.#before.tickets.get(ticket.id));
    if (done?.failure !== undefined) this.#checkUnchanged(done, after);
    for (const event of done?.events ?? []) this.#checkEvent(event, after);
    const gone = [...this.#before.tickets.keys()].filter((id) => !after.tickets.has(id));
    for (const id of gone) assert.ok(this.#settled.has(id), `ticket ${id} went without an event`);
    for (const { dispute, id } of after.tickets.values()) {
      assert.equal(dispute !== undefined, this.#disputed.has(id), 'disputes and their events');
    }
    this.#before = after;
  }

  #state(): Before {
    const { nodes, tickets, treasury } = this.#stage.genesis.database;
    return {
      nodes: new Map([...nodes.values()].map((node) => [node.smallId, node])),
      tickets: new Map([...tickets.values()].map((ticket) => [ticket.id, ticket])),
      treasury,
    };
  }

  #checkNodes({ nodes, treasury }: Before): void {
    for (const node of nodes.values()) {
      const { collateral, disabledInEpoch } = this.#before.nodes.get(node.smallId) ?? node;
      assert.ok(node.collateral >= 0n && node.availableFee >= 0n && node.lastFeeEpochAmount >= 0n);
      assert.ok(node.collateral <= collateral, `the collateral of node ${node.smallId} has grown`);
      assert.ok(node.disabledInEpoch === (disabledInEpoch ?? node.disabledInEpoch), 'disabled for good');
    }
    const slashes = this.#stage.books.slashes();
    const lost = slashes.reduce((sum, { amount }) => sum + amount, 0n);
    assert.equal(treasury, lost, 'the treasury is what nodes lost');
    assert.ok(treasury >= this.#before.treasury);
  }

  #checkUnchanged(done: Done, after: Before): void {
    assert.deepEqual(done.events, [], 'a failed transaction has no events');
    assert.equal(after.treasury, this.#before.treasury);
    for (const [key, value] of this.#before.nodes) assert.equal(after.nodes.get(key), value);
    for (const [key, value] of this.#before.tickets) assert.equal(after.tickets.get(key), value);
    assert.equal(after.tickets.size, this.#before.tickets.size);
  }

  #checkEvent({ name, fields }: Done['events'][number], after: Before): void {
    this.#seen.set(name, (this.#seen.get(name) ?? 0) + 1);
    const once = (set: Set<string>, id: string): void => {
      assert.ok(!set.has(id), `${name} came twice for ticket ${id}`);
      set.add(id);
    };
    if (name === 'settlement::SettledEvent') {
      const event = fields as Fields<'settlement::SettledEvent'>;
      once(this.#settled, event.ticket_id);
      this.#checkSettled(event, after);
    } else if (name === 'settlement::DisputeEvent') {
      const event = fields as Fields<'settlement::DisputeEvent'>;
      once(this.#disputed, event.ticket_id);
      assert.equal(after.tickets.get(event.ticket_id)?.dispute === 'timeout', event.timeout !== null);
    } else if (name === 'settlement::FirstSubmissionEvent') {
      const { ticket_id: id } = fields as Fields<'settlement::FirstSubmissionEvent'>;
      once(this.#begun, id);
      assert.equal(this.#before.tickets.get(id)?.claim, undefined);
    } else if (name === 'settlement::NewlySampledNodesEvent') {
      const event = fields as Fields<'settlement::NewlySampledNodesEvent'>;
      assert.ok(event.new_nodes.length > 0);
      for (const { node_id, order } of event.new_nodes) {
        const place = after.tickets.get(event.ticket_id)?.places[Number(order)];
        assert.deepEqual(place, { node: BigInt(node_id.inner), answer: undefined });
      }
    } else if (name === 'settlement::RetrySettlementEvent') {
      const event = fields as Fields<'settlement::RetrySettlementEvent'>;
      const wanted = after.tickets.get(event.ticket_id)?.retryAtNodes;
      assert.equal(String(wanted), event.how_many_nodes_in_echelon);
    } else if (name === 'gate::Text2TextPromptEvent') {
      const event = fields as Fields<'gate::Text2TextPromptEvent'>;
      const asked = after.tickets.get(event.ticket_id)?.places.map(({ node }) => String(node));
      assert.deepEqual(
        asked,
        event.nodes.map(({ inner }) => inner),
      );
    }
  }

  /** Everybody who is paid is paid once, out of what was deposited, and the rest goes back. */
  #checkSettled(event: Fields<'settlement::SettledEvent'>, after: Before): void {
    const id = event.ticket_id;
    const ticket = this.#before.tickets.get(id);
    const outcome = this.#stage.genesis.database.settled.get(id);
    assert.ok(ticket !== undefined && outcome !== undefined && !after.tickets.has(id));
    assert.equal(this.#stage.genesis.ledger.objects.get(id), undefined, 'its object is gone');
    assert.equal(event.oracle_node_id !== null, this.#disputed.has(id), 'an oracle ends disputes only');
    const paid = outcome.paid.map(({ smallId }) => smallId);
    assert.equal(new Set(paid).size, paid.length, 'nobody is paid twice');
    for (const smallId of paid) {
      assert.ok(
        ticket.places.some(({ node }) => node === smallId),
        'who is paid was asked',
      );
    }
    const sum = outcome.paid.reduce((total, { amount }) => total + amount, 0n);
    assert.ok(outcome.refunded >= 0n);
    assert.equal(sum + outcome.refunded, ticket.held);
    const slashed = this.#stage.books.slashes().filter(({ ticketId }) => ticketId === id);
    for (const { smallId, reason } of slashed) {
      assert.ok(reason === 'timeout' || !paid.includes(smallId), 'who lied is not paid');
      this.#seen.set(reason, (this.#seen.get(reason) ?? 0) + 1);
    }
  }
}

function checkTicket(ticket: TicketRecord, before: TicketRecord | undefined): void {
  const asked = [...ticket.places.map(({ node }) => node), ...ticket.replaced];
  assert.equal(new Set(asked).size, asked.length, 'nobody is asked twice for a ticket');
  assert.ok(ticket.places.length <= ticket.chunks && ticket.timedOutCount <= MAX_ROUNDS);
  assert.ok(ticket.held === (before?.held ?? ticket.held), 'a deposit stays until the end');
  assert.equal(ticket.claim, before?.claim ?? ticket.claim, 'the first claim stands');
  for (const [index, { answer }] of (before?.places ?? []).entries()) {
    if (answer !== undefined) assert.equal(ticket.places[index]?.answer, answer, 'commitments stand');
  }
}
