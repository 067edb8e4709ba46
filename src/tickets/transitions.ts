import type { TicketState } from '../core/index.js';

/**
 * Where each state may go. A node that stops or dies hands a running ticket back (`received`); the chain can
 * overtake every state (others settle or dispute the ticket); a ticket that ended stays so, but for what the
 * chain says of it later.
 */
const NEXT: Readonly<Record<TicketState, readonly TicketState[]>> = {
  received: ['running', 'skipped', 'failed', 'settled', 'disputed'],
  running: ['received', 'answered', 'skipped', 'failed', 'settled', 'disputed'],
  answered: ['committing', 'committed', 'failed', 'settled', 'disputed'],
  // A transaction that can never run is replaced by another one for the same commitment.
  committing: ['committing', 'committed', 'failed', 'settled', 'disputed'],
  committed: ['settled', 'disputed', 'failed'],
  disputed: ['settled'],
  settled: [],
  skipped: ['settled', 'disputed'],
  failed: ['settled', 'disputed'],
};

/** States in which the node has still something to do for a ticket. */
export const OPEN_STATES: readonly TicketState[] = ['received', 'running', 'answered', 'committing'];

/** Whether a ticket may go from one state to another. */
export function mayGo(from: TicketState, to: TicketState): boolean {
  return NEXT[from].includes(to);
}
