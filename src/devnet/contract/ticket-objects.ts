import { bcs } from '@mysten/sui/bcs';
import { deriveDynamicFieldID } from '@mysten/sui/utils';
import { Text2TextPromptParams } from '../../chain/index.js';
import { MOVE_STDLIB, SUI_FRAMEWORK } from '../move/addresses.js';
import type { TransactionContext } from '../move/context.js';
import { type ContractIds, promptParamsType, ticketType } from './names.js';
import type { TicketRecord } from './records.js';

const ASCII_STRING = `${MOVE_STDLIB}::ascii::String`;
const ID_TYPE = `${SUI_FRAMEWORK}::object::ID`;
const ID_KEY = `${SUI_FRAMEWORK}::dynamic_object_field::Wrapper<${ID_TYPE}>`;
/** The key of the field that holds a ticket's params. */
const PARAMS_KEY = 'params';

const IdField = bcs.struct('Field', { id: bcs.Address, name: bcs.Address, value: bcs.Address });
const ParamsField = bcs.struct('Field', {
  id: bcs.Address,
  name: bcs.string(),
  value: Text2TextPromptParams,
});
const SmallId = bcs.struct('SmallId', { inner: bcs.u64() });
const TicketLayout = bcs.struct('SettlementTicket', {
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
});
const LEAF_BYTES = 32;

/** The ids of a ticket's fields: the one that holds it in the database, and the one that holds its params. */
function fieldIds(ids: ContractIds, ticketId: string): { readonly ticket: string; readonly params: string } {
  const key = bcs.Address.serialize(ticketId).toBytes();
  return {
    ticket: deriveDynamicFieldID(ids.ticketsId, ID_KEY, key),
    params: deriveDynamicFieldID(ticketId, ASCII_STRING, bcs.string().serialize(PARAMS_KEY).toBytes()),
  };
}

/** Leaves one after the other; zeros where a node has not committed. */
function leavesBuffer(ticket: TicketRecord): Uint8Array {
  const buffer = new Uint8Array(ticket.leaves.length * LEAF_BYTES);
  for (const [index, leaf] of ticket.leaves.entries()) if (leaf) buffer.set(leaf, index * LEAF_BYTES);
  return buffer;
}

/** Writes a ticket's object anew; its layout is the dev chain's own, named after the contract's fields. */
export function writeTicket(context: TransactionContext, ids: ContractIds, ticket: TicketRecord): void {
  const contents = TicketLayout.serialize({
    id: ticket.id,
    payer: ticket.payer,
    model_name: ticket.model,
    echelon_id: { id: ticket.echelon },
    all: ticket.nodes.map((inner) => ({ inner })),
    completed: ticket.nodes.filter((_, index) => ticket.leaves[index]).map((inner) => ({ inner })),
    input_fee_per_token: ticket.inputFeePerToken,
    output_fee_per_token: ticket.outputFeePerToken,
    collected_fee: ticket.held,
    input_tokens_count: ticket.claim?.inputTokens ?? 0n,
    output_tokens_count: ticket.claim?.outputTokens ?? 0n,
    is_being_disputed: ticket.disputed,
    merkle_root: ticket.claim?.root ?? new Uint8Array(),
    merkle_leaves: leavesBuffer(ticket),
  }).toBytes();
  const owner = { kind: 'object', id: fieldIds(ids, ticket.id).ticket } as const;
  context.write({ id: ticket.id, owner, type: ticketType(ids), contents });
}

/** Makes a ticket's object with the fields that hold it and its params. */
export function createTicket(
  context: TransactionContext,
  ids: ContractIds,
  ticket: TicketRecord,
  params: typeof Text2TextPromptParams.$inferInput,
): void {
  const fields = fieldIds(ids, ticket.id);
  context.write({
    id: fields.ticket,
    owner: { kind: 'object', id: ids.ticketsId },
    type: `${SUI_FRAMEWORK}::dynamic_field::Field<${ID_KEY},${ID_TYPE}>`,
    contents: IdField.serialize({ id: fields.ticket, name: ticket.id, value: ticket.id }).toBytes(),
  });
  writeTicket(context, ids, ticket);
  context.write({
    id: fields.params,
    owner: { kind: 'object', id: ticket.id },
    type: `${SUI_FRAMEWORK}::dynamic_field::Field<${ASCII_STRING},${promptParamsType(ids)}>`,
    contents: ParamsField.serialize({ id: fields.params, name: PARAMS_KEY, value: params }).toBytes(),
  });
}

/** Takes a ticket's object and fields away. */
export function deleteTicketObjects(context: TransactionContext, ids: ContractIds, ticketId: string): void {
  const fields = fieldIds(ids, ticketId);
  for (const id of [fields.ticket, ticketId, fields.params]) context.delete(id);
}
