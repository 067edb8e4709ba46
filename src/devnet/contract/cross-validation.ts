import { EVENT_LAYOUTS } from '../../chain/index.js';
import type { TransactionContext } from '../move/context.js';
import { randomBelow } from '../random.js';
import type { Database } from './database.js';
import { emitEvent } from './emit.js';
import type { TicketRecord } from './records.js';
import { activeNodes, askOthers, candidates } from './sampling.js';

const PERMILLE = 1000;

/**
 * Draws whether the one node of a prompt without `nodes_to_sample` is checked by others. Where it is to be, and
 * the echelon has too few nodes, the ticket waits for them, as long as that takes (the dev chain's own rule):
 * the draw is not repeated.
 */
export function drawCrossValidation(
  context: TransactionContext,
  ticket: TicketRecord,
  permille: number,
): boolean {
  return ticket.retryAtNodes !== undefined || randomBelow(context.random, PERMILLE) < permille;
}

/**
 * Asks other nodes for the leaves that nobody was asked for; or says with `RetrySettlementEvent` how many nodes
 * the echelon must have for that, once for each number.
 */
export function askExtraNodes(
  context: TransactionContext,
  database: Database,
  ticket: TicketRecord,
): TicketRecord {
  const asked = ticket.places.length;
  const missing = Array.from({ length: ticket.chunks - asked }, (_, offset) => asked + offset);
  const free = candidates(database, ticket).length;
  if (free >= missing.length) {
    return askOthers(context, database, { ...ticket, retryAtNodes: undefined }, missing);
  }
  const { length: active } = activeNodes(database, database.echelon(ticket.model, ticket.echelon));
  const retryAtNodes = BigInt(active + missing.length - free);
  if (retryAtNodes === ticket.retryAtNodes) return ticket;
  const event = { ticket_id: ticket.id, how_many_nodes_in_echelon: retryAtNodes };
  const layout = EVENT_LAYOUTS['settlement::RetrySettlementEvent'];
  emitEvent(context, database.ids, 'settlement::RetrySettlementEvent', layout.serialize(event));
  return { ...ticket, retryAtNodes };
}
