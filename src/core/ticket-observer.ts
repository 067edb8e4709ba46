import type { Completion } from './completion.js';
import type { ErrorData } from './errors.js';
import type { Ticket } from './ticket.js';

/** What has just become of a ticket in this node. What happens to it in between, a {@link JobObserver} is told. */
export type TicketNews =
  /** The event that brought it was seen at `seenAtMs` (ms since 1970) and is on the disk now. */
  | { readonly kind: 'journalled'; readonly seenAtMs: number }
  /** Work on it begins, or goes on: once a life of the node, and again after each `handed_back`. */
  | { readonly kind: 'taken'; readonly ticket: Ticket }
  /** The answer and the commitment to it are on the disk. */
  | { readonly kind: 'answered'; readonly completion: Completion }
  /** An attempt to commit begins; `sent` tells how it ended. */
  | { readonly kind: 'sending' }
  /** The transaction is built, simulated and signed, now or in an earlier attempt, and is about to be sent. */
  | { readonly kind: 'signed'; readonly digest: string }
  /** `error` is undefined where the commitment stands. */
  | { readonly kind: 'sent'; readonly error: ErrorData | undefined }
  | { readonly kind: 'committed'; readonly digest: string | undefined; readonly late: boolean }
  /** Back in the journal, for another life of the node or for the next device. */
  | { readonly kind: 'handed_back'; readonly reason: string }
  /** Over for this node, without a payment. */
  | { readonly kind: 'skipped' | 'failed'; readonly error: ErrorData }
  | { readonly kind: 'disputed' }
  | { readonly kind: 'settled' };

/**
 * Told of each ticket's stages after each is written. `settled` or `disputed` can come before `committed`: the chain's
 * event can be here before the answer to the transaction that caused it.
 */
export interface TicketObserver {
  /** Called synchronously on the main thread; must neither throw nor block. */
  onTicket(id: string, news: TicketNews): void;
}
