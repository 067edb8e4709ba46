import { EVENT_LAYOUTS } from '../../chain/index.js';
import type { TransactionContext } from '../move/context.js';
import type { Database } from './database.js';
import { emitEvent } from './emit.js';
import type { DisputeReason, TicketRecord } from './records.js';

/** What a dispute that came of a timeout tells, and a ticket's object. */
export function timeoutInfo({ round, settlementTimeoutMs, timedOutCount }: TicketRecord) {
  return {
    timed_out_count: timedOutCount,
    timeout_ms: settlementTimeoutMs,
    started_in_epoch: round.epoch,
    started_at_epoch_timestamp_ms: BigInt(round.epochStartMs),
  };
}

/**
 * Puts a ticket in dispute, once. The event carries the timeout where that was the reason, and nothing where
 * commitments differ (the dev chain's own rule).
 */
export function emitDispute(
  context: TransactionContext,
  database: Database,
  ticket: TicketRecord,
  dispute: DisputeReason,
): TicketRecord {
  if (ticket.dispute !== undefined) return ticket;
  const event = EVENT_LAYOUTS['settlement::DisputeEvent'].serialize({
    ticket_id: ticket.id,
    timeout: dispute === 'timeout' ? timeoutInfo(ticket) : null,
  });
  emitEvent(context, database.ids, 'settlement::DisputeEvent', event);
  return { ...ticket, dispute };
}
