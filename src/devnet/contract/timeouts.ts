import type { TransactionContext } from '../move/context.js';
import type { Database } from './database.js';
import { emitDispute } from './disputes.js';
import type { TicketRecord } from './records.js';
import { askOthers, candidates } from './sampling.js';
import { silentIndices, slashSilent } from './slashing.js';

/** Rounds that may time out; after the last one nobody else is asked. */
const MAX_ROUNDS = 3n;

/**
 * Whether a ticket's round has lasted for its echelon's `settlement_timeout_ms`.
 *
 * A contract on Sui sees no time but that at which the epoch began, and counts from there: what passed before
 * an epoch change does not count, so that a round which spans one lasts up to twice as long. Within an epoch it
 * sees nothing pass. The dev chain's own rule is therefore its clock in ms:
 * - in the epoch in which the round began, the timeout counts from when it began;
 * - in the next one it counts from that epoch's start, so never less than the timeout has passed in truth;
 * - in any later one the round is over: a whole epoch has passed, and epochs are longer than timeouts.
 */
export function hasTimedOut(context: TransactionContext, ticket: TicketRecord): boolean {
  const { round } = ticket;
  if (context.epoch > round.epoch + 1n) return true;
  const since = context.epoch === round.epoch ? round.startedAtMs : context.epochStartMs;
  return BigInt(Math.max(0, context.nowMs - since)) >= ticket.settlementTimeoutMs;
}

/**
 * Ends a round in which nodes were silent: they are slashed and others are asked in their places. After the last
 * round, and where nobody can be asked, the ticket is disputed and whoever was silent keeps the place: a
 * commitment that comes before the oracle's is taken. Where there are others for some of the places only, the
 * rest are given another round (the dev chain's own rule).
 */
export function endRound(
  context: TransactionContext,
  database: Database,
  ticket: TicketRecord,
): TicketRecord {
  slashSilent(database, ticket);
  const counted = { ...ticket, timedOutCount: ticket.timedOutCount + 1n };
  if (counted.timedOutCount >= MAX_ROUNDS || candidates(database, counted).length === 0) {
    return emitDispute(context, database, counted, 'timeout');
  }
  return askOthers(context, database, counted, silentIndices(counted));
}
