import { ABORT, EVENT_LAYOUTS } from '../../chain/index.js';
import type { Call } from '../move/function.js';
import type { Database } from './database.js';
import { emitDispute } from './disputes.js';
import { emitEvent } from './emit.js';
import { HASH_BYTES, sameClaim } from './hashes.js';
import type { Answer, TicketRecord } from './records.js';

/**
 * Enters a node's commitment. The first one's claim stands, and one that differs puts the ticket in dispute; in
 * a disputed ticket the others can still commit, and be paid if they are right.
 * @throws ExecutionFailure with the contract's codes
 */
export function enterCommitment(
  call: Call,
  database: Database,
  ticket: TicketRecord,
  { smallId, answer }: { readonly smallId: bigint; readonly answer: Answer },
): TicketRecord {
  const { root, leaf } = answer;
  if (root.length !== HASH_BYTES || leaf.length !== HASH_BYTES) {
    const found = `found ${root.length} and ${leaf.length} bytes`;
    throw call.abort(ABORT.hashNot32Bytes, `merkle_root and chunk_hash must be 32 bytes, ${found}`);
  }
  const index = ticket.places.findIndex(({ node }) => node === smallId);
  const place = ticket.places[index];
  if (place === undefined) {
    throw call.abort(ABORT.notAwaitingCommitment, `ticket ${ticket.id} does not await node ${smallId}`);
  }
  if (place.answer !== undefined) {
    throw call.abort(ABORT.alreadyCommitted, `node ${smallId} has committed to ticket ${ticket.id}`);
  }
  const entered = { ...ticket, places: ticket.places.with(index, { node: smallId, answer }) };
  if (entered.claim === undefined) return firstSubmission(call, database, entered, { smallId, answer });
  if (sameClaim(entered.claim, answer)) return entered;
  return emitDispute(call.context, database, entered, 'difference');
}

function firstSubmission(
  { context }: Call,
  database: Database,
  ticket: TicketRecord,
  { smallId, answer }: { readonly smallId: bigint; readonly answer: Answer },
): TicketRecord {
  const event = { ticket_id: ticket.id, node_id: { inner: smallId } };
  const layout = EVENT_LAYOUTS['settlement::FirstSubmissionEvent'];
  emitEvent(context, database.ids, 'settlement::FirstSubmissionEvent', layout.serialize(event));
  return { ...ticket, claim: answer };
}
