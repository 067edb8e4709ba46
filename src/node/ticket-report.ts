import type { Logger } from 'pino';
import type { Ticket, TicketState } from '../core/index.js';

/** Says that a ticket is committed, and what was: its one line at `info`. */
export function reportCommitted(ticket: Ticket, logger: Logger): void {
  const { id, state, answer, late } = ticket;
  logger.info(
    {
      ticket: id,
      state,
      model: ticket.params.model,
      inputTokens: answer?.inputTokens,
      outputTokens: answer?.outputTokens,
      ...timesOf(ticket),
      root: answer?.root,
      digest: ticket.digest,
      ...(late && { late }),
    },
    late ? 'committed, after the deadline' : 'committed',
  );
}

/** Whole ms, where each is known: what the journal has of a life of the node before this one counts as well. */
function timesOf({ history, answer, receivedAtMs }: Ticket): Record<string, number | undefined> {
  const at = (state: TicketState): number | undefined =>
    history.findLast((step) => step.state === state)?.atMs;
  const between = (from: number | undefined, to: number | undefined): number | undefined =>
    from === undefined || to === undefined ? undefined : to - from;
  // The settlement can be here before the answer to the commitment, and then stands in its place in the history.
  const committedAt = at('committed') ?? Date.now();
  return {
    queuedMs: between(at('received'), at('running')),
    prefillMs: rounded(answer?.timings.prefillMs),
    decodeMs: rounded(answer?.timings.decodeMs),
    commitMs: between(at('answered'), committedAt),
    ms: Date.now() - receivedAtMs,
  };
}

function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms);
}
