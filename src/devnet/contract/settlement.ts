import { blake2b } from '@noble/hashes/blake2.js';
import { ABORT, EVENT_LAYOUTS } from '../../chain/index.js';
import type { Call } from '../move/function.js';
import type { ObjectValue } from '../move/values.js';
import { badgeSmallId } from './badge.js';
import { type Database, fieldDoesNotExist } from './database.js';
import { emitEvent } from './emit.js';
import type { Claim, TicketRecord } from './records.js';
import { creditFee } from './registry.js';
import { deleteTicketObjects, writeTicket } from './ticket-objects.js';

const HASH_BYTES = 32;

/** Module `atoma::settlement`: commitments, fees, disputes. */
export class Settlement {
  readonly #database: Database;

  constructor(modules: { readonly database: Database }) {
    this.#database = modules.database;
  }

  /** `submit_commitment(db, badge, ticket_id, input_tokens_count, output_tokens_count, merkle_root, chunk_hash[, random])` */
  submitCommitment(call: Call): undefined {
    const { args } = call;
    const ticket = this.#ticket(args.address(2));
    const claim = { inputTokens: args.u64(3), outputTokens: args.u64(4), root: args.byteVector(5) };
    const leaf = args.byteVector(6);
    if (claim.root.length !== HASH_BYTES || leaf.length !== HASH_BYTES) {
      const found = `found ${claim.root.length} and ${leaf.length} bytes`;
      throw call.abort(ABORT.hashNot32Bytes, `merkle_root and chunk_hash must be 32 bytes, ${found}`);
    }
    const smallId = badgeSmallId(args.object(1).contents);
    const index = ticket.nodes.indexOf(smallId);
    if (index < 0) {
      throw call.abort(ABORT.notAwaitingCommitment, `ticket ${ticket.id} does not await node ${smallId}`);
    }
    if (ticket.leaves[index] !== undefined) {
      throw call.abort(ABORT.alreadyCommitted, `node ${smallId} has committed to ticket ${ticket.id}`);
    }
    const leaves = ticket.leaves.with(index, leaf);
    const committed = this.#claim(call, { ...ticket, leaves }, claim, smallId);
    this.#settle(call, args.object(0), committed, false);
  }

  /**
   * `try_to_settle(db, ticket_id, random)`: does nothing where commitments are missing or disputed. A ticket
   * that awaits cross-validation is settled without it: its root cannot be checked then.
   */
  tryToSettle(call: Call): undefined {
    this.#settle(call, call.args.object(0), this.#ticket(call.args.address(1)), true);
  }

  /** `oracle::sample_node(db, ticket_id, small_id)`: one more node has to commit, with the next leaf. */
  sampleNode(call: Call): undefined {
    const ticket = this.#ticket(call.args.address(1));
    const smallId = call.args.u64(2);
    if (ticket.nodes.length >= ticket.chunks || ticket.nodes.includes(smallId)) {
      throw call.abort(
        ABORT.tooManyNodesToSample,
        `ticket ${ticket.id} has ${ticket.chunks} leaves and awaits nodes ${ticket.nodes.join()}; node ${smallId} cannot be added`,
      );
    }
    const { ids } = this.#database;
    const nodes = [...ticket.nodes, this.#database.node(smallId).smallId];
    const extended = { ...ticket, nodes, leaves: [...ticket.leaves, undefined] };
    this.#database.putTicket(call.args.object(0), extended);
    writeTicket(call.context, ids, extended);
    const event = EVENT_LAYOUTS['settlement::NewlySampledNodesEvent'].serialize({
      ticket_id: ticket.id,
      new_nodes: [{ node_id: { inner: smallId }, order: ticket.nodes.length }],
    });
    emitEvent(call.context, ids, 'settlement::NewlySampledNodesEvent', event);
  }

  /** What one node earned with a ticket. */
  earned(ticketId: string, smallId: bigint): bigint | undefined {
    return this.#database.earned.get(earnedKey(ticketId, smallId));
  }

  #ticket(id: string): TicketRecord {
    const ticket = this.#database.tickets.get(id);
    if (ticket === undefined) throw fieldDoesNotExist(`ticket ${id}`);
    return ticket;
  }

  /** The first claim stands; one that differs puts the ticket in dispute. */
  #claim(call: Call, ticket: TicketRecord, claim: Claim, smallId: bigint): TicketRecord {
    if (ticket.claim === undefined) {
      const event = { ticket_id: ticket.id, node_id: { inner: smallId } };
      const layout = EVENT_LAYOUTS['settlement::FirstSubmissionEvent'];
      emitEvent(
        call.context,
        this.#database.ids,
        'settlement::FirstSubmissionEvent',
        layout.serialize(event),
      );
      return { ...ticket, claim };
    }
    return sameClaim(ticket.claim, claim) ? ticket : this.#dispute(call, ticket);
  }

  #dispute(call: Call, ticket: TicketRecord): TicketRecord {
    if (ticket.disputed) return ticket;
    const layout = EVENT_LAYOUTS['settlement::DisputeEvent'];
    const event = layout.serialize({ ticket_id: ticket.id, timeout: null });
    emitEvent(call.context, this.#database.ids, 'settlement::DisputeEvent', event);
    return { ...ticket, disputed: true };
  }

  /** @param asItStands settle also where nodes were left for cross-validation and none was asked */
  #settle(call: Call, database: ObjectValue, ticket: TicketRecord, asItStands: boolean): void {
    const { claim } = ticket;
    const leaves = ticket.leaves.flatMap((leaf) => leaf ?? []);
    const answered = claim !== undefined && leaves.length === ticket.nodes.length && !ticket.disputed;
    const complete = answered && leaves.length === ticket.chunks;
    if (answered && (complete ? sameBytes(claim.root, rootOf(leaves)) : asItStands)) {
      this.#payOut(call, database, ticket, claim);
      return;
    }
    const left = complete ? this.#dispute(call, ticket) : ticket;
    this.#database.putTicket(database, left);
    writeTicket(call.context, this.#database.ids, left);
  }

  #payOut(call: Call, database: ObjectValue, ticket: TicketRecord, claim: Claim): void {
    const { context } = call;
    const { ids } = this.#database;
    const count = BigInt(ticket.nodes.length);
    const fee = claim.inputTokens * ticket.inputFeePerToken + claim.outputTokens * ticket.outputFeePerToken;
    // Nobody earns more than was deposited, whatever counts the nodes agree on.
    const share = fee * count > ticket.held ? ticket.held / count : fee;
    // A node that has left meanwhile cannot be paid; its share goes back to the payer.
    const paid = ticket.nodes.filter((smallId) => this.#database.nodes.get(smallId) !== undefined);
    for (const smallId of paid) this.#credit(ticket.id, smallId, context.epoch, share);
    this.#database.deleteTicket(database, ticket.id);
    deleteTicketObjects(context, ids, ticket.id);
    this.#database.pay(context, ticket.held - share * BigInt(paid.length), ticket.payer);
    const event = EVENT_LAYOUTS['settlement::SettledEvent'].serialize({
      ticket_id: ticket.id,
      oracle_node_id: null,
    });
    emitEvent(context, ids, 'settlement::SettledEvent', event);
  }

  #credit(ticketId: string, smallId: bigint, epoch: bigint, fee: bigint): void {
    const node = this.#database.node(smallId);
    this.#database.nodes.set(smallId, creditFee(node, epoch, fee));
    this.#database.earned.set(earnedKey(ticketId, smallId), fee);
  }
}

function earnedKey(ticketId: string, smallId: bigint): string {
  return `${ticketId}:${smallId}`;
}

function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  const hash = blake2b.create({ dkLen: HASH_BYTES });
  for (const leaf of leaves) hash.update(leaf);
  return hash.digest();
}

function sameClaim(a: Claim, b: Claim): boolean {
  return a.inputTokens === b.inputTokens && a.outputTokens === b.outputTokens && sameBytes(a.root, b.root);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
