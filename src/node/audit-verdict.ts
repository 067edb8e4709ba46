import type { Ticket, TicketState } from '../core/index.js';
import type { Sighting } from './sightings.js';

/**
 * What became of a ticket that concerned this node. `late`: committed after its deadline; `skipped`: its prompt
 * cannot be run; `pending`: there is still time.
 */
export type AuditVerdict = 'committed' | 'late' | 'missed' | 'skipped' | 'pending';

export interface Judgement {
  readonly verdict: AuditVerdict;
  readonly why: string;
}

/** What is known of a ticket on this side of the chain. */
export interface Evidence {
  /** undefined where the journal does not have it. */
  readonly ticket: Ticket | undefined;
  /** Of the ticket's transaction, as the chain has it; undefined where there is none. */
  readonly outcome: 'succeeded' | 'failed' | 'unknown' | undefined;
  /** The checkpoint up to which the journal has read the chain. */
  readonly readUpTo: bigint | undefined;
  /** The journal knows that the node was sampled, and the prompt is still searched for. */
  readonly awaitsPrompt: boolean;
  readonly settlementTimeoutMs: number;
  /** ms since 1970 */
  readonly nowMs: number;
}

/** States that the chain puts a ticket into, whatever the node did with it. */
const CHAINS_OWN: ReadonlySet<TicketState> = new Set(['settled', 'disputed']);

/** Judges what a node did with a ticket that the chain gave it. */
export function judge(sighting: Sighting, evidence: Evidence): Judgement {
  const { ticket, outcome } = evidence;
  if (sighting.modality !== undefined) {
    return { verdict: 'skipped', why: `${sighting.modality} prompts cannot be run` };
  }
  if (ticket === undefined) return withoutEntry(sighting, evidence);
  if (outcome === undefined) return withoutTransaction(ticket, sighting, evidence);
  // The chain's word at that time counts where the endpoint has thrown the transaction away since.
  const stands = outcome === 'succeeded' || (outcome === 'unknown' && has(ticket, 'committed'));
  if (stands) return { verdict: ticket.late ? 'late' : 'committed', why: whyCommitted(ticket) };
  const what = outcome === 'failed' ? 'the transaction failed on chain' : 'the transaction is not on chain';
  const reason = ticket.history.findLast((step) => step.reason !== undefined)?.reason;
  const over = ticket.state === 'failed' || evidence.nowMs > ticket.deadlineMs;
  return { verdict: over ? 'missed' : 'pending', why: reason === undefined ? what : `${what}: ${reason}` };
}

function withoutEntry(sighting: Sighting, evidence: Evidence): Judgement {
  const { readUpTo, awaitsPrompt, settlementTimeoutMs, nowMs } = evidence;
  const { checkpoint, timestampMs, later, settled, first } = sighting;
  if (first) return { verdict: 'committed', why: 'by another process: the journal does not know the ticket' };
  if (settled) return { verdict: 'missed', why: 'not in the journal: it settled without this node' };
  const over = nowMs > (timestampMs ?? 0) + settlementTimeoutMs;
  if (awaitsPrompt && !over) return { verdict: 'pending', why: 'its prompt is searched for on the chain' };
  if (readUpTo !== undefined && checkpoint !== undefined && checkpoint <= readUpTo) {
    const cause = later ? 'its prompt was not found' : 'it was made before the journal';
    return { verdict: 'missed', why: `not in the journal, which has read on beyond it: ${cause}` };
  }
  const why = 'the node has not read its event';
  return over
    ? { verdict: 'missed', why: `${why}, and its deadline has passed` }
    : { verdict: 'pending', why: `${why} yet` };
}

function withoutTransaction(ticket: Ticket, { settled }: Sighting, { nowMs }: Evidence): Judgement {
  const ended = ticket.history.findLast(({ state }) => state === 'failed' || state === 'skipped');
  if (ended?.state === 'skipped') {
    return { verdict: 'skipped', why: ended.reason ?? 'its prompt cannot be run' };
  }
  if (ended !== undefined) return { verdict: 'missed', why: ended.reason ?? 'it failed' };
  if (has(ticket, 'committed')) {
    return { verdict: ticket.late ? 'late' : 'committed', why: 'it stood on chain already' };
  }
  const state = ticket.history.findLast((step) => !CHAINS_OWN.has(step.state))?.state ?? ticket.state;
  if (settled) return { verdict: 'missed', why: `it settled without this node, which had it ${state}` };
  const why = `the node has it ${state}`;
  return nowMs > ticket.deadlineMs
    ? { verdict: 'missed', why: `${why} after its deadline` }
    : { verdict: 'pending', why };
}

function whyCommitted(ticket: Ticket): string {
  // The settlement can be read before the answer to the transaction that caused it.
  const stood = ticket.history.find(({ state }) => state === 'committed' || state === 'settled');
  if (stood === undefined) return ticket.state;
  const spareMs = ticket.deadlineMs - stood.atMs;
  const timing =
    spareMs >= 0 ? `${seconds(spareMs)} s before its deadline` : `${seconds(-spareMs)} s too late`;
  return `${ticket.state}, ${timing}`;
}

function has(ticket: Ticket, state: TicketState): boolean {
  return ticket.history.some((step) => step.state === state);
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
