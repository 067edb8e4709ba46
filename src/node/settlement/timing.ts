import type { Ticket } from '../../core/index.js';

/** The nodes of an echelon have the same deadline: they do not ask the chain at the same instant. */
const MAX_JITTER_MS = 10_000;
/** Of the time that the chain waits, where that is short. */
const JITTER_SHARE = 0.25;
/** First pause between two tries; it doubles. */
const FIRST_PAUSE_MS = 1000;
/** The contract reckons in epochs, which can take a day: what is looked at for so long is looked at seldom. */
const MAX_PAUSE_MS = 600_000;

/** When to ask the chain for a settlement that should have come until `deadlineMs`; both in ms since 1970. */
export function askAt(deadlineMs: number, settlementTimeoutMs: number): number {
  return deadlineMs + Math.random() * Math.min(MAX_JITTER_MS, settlementTimeoutMs * JITTER_SHARE);
}

/** As {@link askAt}, for a ticket that the node has just committed to. */
export function askForTicketAt({ deadlineMs, receivedAtMs }: Ticket): number {
  return askAt(deadlineMs, Math.max(0, deadlineMs - receivedAtMs));
}

/** When to try again what failed so often, with half of the pause at random, ms since 1970. */
export function retryAt(attempts: number): number {
  const ceilingMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempts, 20));
  return Date.now() + ceilingMs * (0.5 + Math.random() / 2);
}
