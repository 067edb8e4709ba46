import type { Subscription } from './subscription.js';

/** What carries subscriptions to a client. */
export interface StreamHost {
  /**
   * A new subscription, at token `fromIndex` (0 where not given). It holds its notifications back until the
   * answer to the message that opened it is on its way, so that a client knows the id before it sees it.
   * @throws AtomaError `too_many_subscriptions`, `cancelled` where the client is gone.
   */
  open(fromIndex?: number): Subscription;
  /** Ends a subscription without a last notification; false where there is none of this id. */
  cancel(id: string): boolean;
}
