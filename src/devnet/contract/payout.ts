import { EVENT_LAYOUTS } from '../../chain/index.js';
import type { TransactionContext } from '../move/context.js';
import type { ObjectValue } from '../move/values.js';
import type { Database } from './database.js';
import { emitEvent } from './emit.js';
import { creditFee } from './fees.js';
import type { Claim, TicketRecord } from './records.js';
import { deleteTicketObjects } from './ticket-objects.js';

/** How a ticket ends. */
export interface Ending {
  /** Small ids of the nodes that are paid. */
  readonly honest: readonly bigint[];
  /** The token counts that they are paid by. */
  readonly counts: Pick<Claim, 'inputTokens' | 'outputTokens'>;
  /** Small id of the oracle that decided. */
  readonly oracle: bigint | undefined;
}

/**
 * Pays the honest nodes, gives the payer the rest, and takes the ticket away. A node that has left meanwhile
 * cannot be paid: its share goes back to the payer.
 */
export function payOut(
  context: TransactionContext,
  database: Database,
  object: ObjectValue,
  { ticket, ending }: { readonly ticket: TicketRecord; readonly ending: Ending },
): void {
  const { honest, counts, oracle } = ending;
  const fee = feePerNode(ticket, counts);
  const paid = honest
    .filter((smallId) => database.nodes.get(smallId) !== undefined)
    .map((smallId) => ({ smallId, amount: fee }));
  for (const { smallId, amount } of paid) {
    database.nodes.set(smallId, creditFee(database.node(smallId), context.epoch, amount));
  }
  const refunded = ticket.held - fee * BigInt(paid.length);
  database.settled.set(ticket.id, { ticketId: ticket.id, oracle, paid, refunded });
  database.deleteTicket(object, ticket.id);
  deleteTicketObjects(context, database.ids, ticket.id);
  database.pay(context, refunded, ticket.payer);
  const event = EVENT_LAYOUTS['settlement::SettledEvent'].serialize({
    ticket_id: ticket.id,
    oracle_node_id: oracle === undefined ? null : { inner: oracle },
  });
  emitEvent(context, database.ids, 'settlement::SettledEvent', event);
}

/** Nobody earns more than was deposited for a chunk, whatever counts the nodes agree on. */
function feePerNode(ticket: TicketRecord, { inputTokens, outputTokens }: Ending['counts']): bigint {
  const fee = inputTokens * ticket.inputFeePerToken + outputTokens * ticket.outputFeePerToken;
  const deposited = ticket.held / BigInt(ticket.chunks);
  return fee < deposited ? fee : deposited;
}
