import type { TicketState } from '../../core/index.js';

/** Every state, checked against the type so that none can be forgotten. */
export const TICKET_STATES: Readonly<Record<TicketState, TicketState>> = {
  received: 'received',
  running: 'running',
  answered: 'answered',
  committing: 'committing',
  committed: 'committed',
  settled: 'settled',
  disputed: 'disputed',
  skipped: 'skipped',
  failed: 'failed',
};
