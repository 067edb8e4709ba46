import type { TransactionContext } from '../move/context.js';
import type { Database } from './database.js';
import type { TicketRecord } from './records.js';

/** Part of its collateral that a node loses for being silent, in thousandths. */
const TIMEOUT_SLASH_PERMILLE = 100n;
const PERMILLE = 1000n;

/** Leaf indices of a ticket whose nodes have not committed. */
export function silentIndices(ticket: TicketRecord): number[] {
  return ticket.places.flatMap(({ answer }, index) => (answer === undefined ? [index] : []));
}

/**
 * Takes a part of their collateral from a ticket's silent nodes. Those that have left with their collateral
 * meanwhile lose nothing.
 */
export function slashSilent(database: Database, ticket: TicketRecord): void {
  for (const index of silentIndices(ticket)) {
    const node = database.nodes.get(ticket.places[index]?.node ?? 0n);
    if (node === undefined) continue;
    const amount = (node.collateral * TIMEOUT_SLASH_PERMILLE) / PERMILLE;
    database.nodes.set(node.smallId, { ...node, collateral: node.collateral - amount });
    database.addSlash({ ticketId: ticket.id, smallId: node.smallId, amount, reason: 'timeout' });
  }
}

/**
 * Takes all of a node's collateral, and disables it. It keeps the fees that it has earned, and other tickets that
 * await it still take its commitments (the dev chain's own rule).
 */
export function slashLiar(
  context: TransactionContext,
  database: Database,
  ticket: TicketRecord,
  smallId: bigint,
): void {
  const node = database.nodes.get(smallId);
  if (node === undefined) return;
  const disabledInEpoch = node.disabledInEpoch ?? context.epoch;
  database.nodes.set(smallId, { ...node, collateral: 0n, disabledInEpoch });
  database.addSlash({ ticketId: ticket.id, smallId, amount: node.collateral, reason: 'dispute' });
}
