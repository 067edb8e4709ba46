import { bcs } from '@mysten/sui/bcs';
import { deriveDynamicFieldID } from '@mysten/sui/utils';
import { MOVE_STDLIB, SUI_FRAMEWORK } from '../move/addresses.js';
import type { TransactionContext } from '../move/context.js';
import { timeoutInfo } from './disputes.js';
import { HASH_BYTES } from './hashes.js';
import { type ContractIds, ticketType } from './names.js';
import type { TicketRecord } from './records.js';

const ASCII_STRING = `${MOVE_STDLIB}::ascii::String`;
const ID_TYPE = `${SUI_FRAMEWORK}::object::ID`;
const ID_KEY = `${SUI_FRAMEWORK}::dynamic_object_field::Wrapper<${ID_TYPE}>`;
/** The key of the field that holds a ticket's params. */
const PARAMS_KEY = 'params';

const IdField = bcs.struct('Field', { id: bcs.Address, name: bcs.Address, value: bcs.Address });
/** What comes before the value in the field that holds a ticket's params. */
const ParamsFieldHead = bcs.struct('Field', { id: bcs.Address, name: bcs.string() });
const SmallId = bcs.struct('SmallId', { inner: bcs.u64() });
/** The dev chain's own, named after the contract's fields. */
export const TicketLayout = bcs.struct('SettlementTicket', {
  id: bcs.Address,
  payer: bcs.Address,
  model_name: bcs.string(),
  echelon_id: bcs.struct('EchelonId', { id: bcs.u64() }),
  all: bcs.vector(SmallId),
  completed: bcs.vector(SmallId),
  input_fee_per_token: bcs.u64(),
  output_fee_per_token: bcs.u64(),
  collected_fee: bcs.u64(),
  input_tokens_count: bcs.u64(),
  output_tokens_count: bcs.u64(),
  is_being_disputed: bcs.bool(),
  merkle_root: bcs.byteVector(),
  merkle_leaves: bcs.byteVector(),
  timeout: bcs.struct('TimeoutInfo', {
    timed_out_count: bcs.u64(),
    timeout_ms: bcs.u64(),
    started_in_epoch: bcs.u64(),
    started_at_epoch_timestamp_ms: bcs.u64(),
  }),
});

/** The ids of a ticket's fields: the one that holds it in the database, and the one that holds its params. */
function fieldIds(ids: ContractIds, ticketId: string): { readonly ticket: string; readonly params: string } {
  const key = bcs.Address.serialize(ticketId).toBytes();
  return {
    ticket: deriveDynamicFieldID(ids.ticketsId, ID_KEY, key),
    params: deriveDynamicFieldID(ticketId, ASCII_STRING, bcs.string().serialize(PARAMS_KEY).toBytes()),
  };
}

/** All leaves one after the other; zeros where nobody has committed. */
function leavesBuffer({ chunks, places }: TicketRecord): Uint8Array {
  const buffer = new Uint8Array(chunks * HASH_BYTES);
  for (const [index, { answer }] of places.entries()) {
    if (answer !== undefined) buffer.set(answer.leaf, index * HASH_BYTES);
  }
  return buffer;
}

/** Writes a ticket's object anew. */
export function writeTicket(context: TransactionContext, ids: ContractIds, ticket: TicketRecord): void {
  const contents = TicketLayout.serialize({
    id: ticket.id,
    payer: ticket.payer,
    model_name: ticket.model,
    echelon_id: { id: ticket.echelon },
    all: ticket.places.map(({ node }) => ({ inner: node })),
    completed: ticket.places.flatMap(({ node, answer }) => (answer === undefined ? [] : [{ inner: node }])),
    input_fee_per_token: ticket.inputFeePerToken,
    output_fee_per_token: ticket.outputFeePerToken,
    collected_fee: ticket.held,
    input_tokens_count: ticket.claim?.inputTokens ?? 0n,
    output_tokens_count: ticket.claim?.outputTokens ?? 0n,
    is_being_disputed: ticket.dispute !== undefined,
    merkle_root: ticket.claim?.root ?? new Uint8Array(),
    merkle_leaves: leavesBuffer(ticket),
    timeout: timeoutInfo(ticket),
  }).toBytes();
  const owner = { kind: 'object', id: fieldIds(ids, ticket.id).ticket } as const;
  context.write({ id: ticket.id, owner, type: ticketType(ids), contents });
}

/** A prompt's params as a Move value. */
export interface PromptParams {
  /** Canonical type. */
  readonly type: string;
  /** BCS */
  readonly bytes: Uint8Array;
}

/** Makes a ticket's object with the fields that hold it and its params. */
export function createTicket(
  context: TransactionContext,
  ids: ContractIds,
  ticket: TicketRecord,
  params: PromptParams,
): void {
  const fields = fieldIds(ids, ticket.id);
  context.write({
    id: fields.ticket,
    owner: { kind: 'object', id: ids.ticketsId },
    type: `${SUI_FRAMEWORK}::dynamic_field::Field<${ID_KEY},${ID_TYPE}>`,
    contents: IdField.serialize({ id: fields.ticket, name: ticket.id, value: ticket.id }).toBytes(),
  });
  writeTicket(context, ids, ticket);
  const head = ParamsFieldHead.serialize({ id: fields.params, name: PARAMS_KEY }).toBytes();
  context.write({
    id: fields.params,
    owner: { kind: 'object', id: ticket.id },
    type: `${SUI_FRAMEWORK}::dynamic_field::Field<${ASCII_STRING},${params.type}>`,
    contents: Buffer.concat([head, params.bytes]),
  });
}

/** Takes a ticket's object and fields away. */
export function deleteTicketObjects(context: TransactionContext, ids: ContractIds, ticketId: string): void {
  const fields = fieldIds(ids, ticketId);
  for (const id of [fields.ticket, ticketId, fields.params]) context.delete(id);
}
