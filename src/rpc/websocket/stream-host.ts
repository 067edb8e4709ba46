import type { Subscription } from './subscription.js';

export interface StreamOptions {
  /** Token at which it begins; default 0. */
  readonly fromIndex?: number;
  /** The request whose stream it is, so that a request which its owner left lives while it is read. */
  readonly requestId?: string;
  /**
   * Of the request's owner: how long the request goes on, in ms, when nobody reads it any more because connections
   * were lost. Default 0: it is cancelled at once. A client that unsubscribes cancels at once whatever stands here.
   * More than {@link RpcLimits.maxLingerMs} is cut to that. Wants `requestId`.
   */
  readonly lingerMs?: number;
}

/** What carries subscriptions to a client. */
export interface StreamHost {
  /**
   * A new subscription. It holds its notifications back until the answer to the message that opened it is on its
   * way, so that a client knows the id before it sees it.
   * @throws AtomaError `too_many_subscriptions`, `cancelled` where the client is gone.
   */
  open(options?: StreamOptions): Subscription;
  /** Ends a subscription without a last notification; false where there is none of this id. */
  cancel(id: string): boolean;
}
