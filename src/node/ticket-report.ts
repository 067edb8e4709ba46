import type { Logger } from 'pino';
import type { Ticket } from '../core/index.js';

/** Says that a ticket is committed, and what was: its one line at `info`. */
export function reportCommitted(ticket: Ticket, logger: Logger): void {
  const { id, answer, late } = ticket;
  logger.info(
    {
      ticket: id,
      model: ticket.params.model,
      inputTokens: answer?.inputTokens,
      outputTokens: answer?.outputTokens,
      root: answer?.root,
      digest: ticket.digest,
      ms: Date.now() - ticket.receivedAtMs,
      ...(late && { late }),
    },
    late ? 'committed, after the deadline' : 'committed',
  );
}
