import { catalogued } from '../error-catalogue.js';
import type { RpcLimits } from '../options.js';
import type { LingeringRequests } from './lingering.js';
import type { Quota } from './quota.js';
import type { StreamOptions } from './stream-host.js';
import { Subscription, type SubscriptionHost } from './subscription.js';

/** What the subscriptions of all sockets have in common. */
export interface SubscriptionsContext {
  readonly limits: RpcLimits;
  readonly lingering: LingeringRequests;
  readonly subscriptionQuota: Quota;
}

interface Owner {
  /** Whose limits they count against, see {@link Principal.id}. */
  readonly key: string;
  readonly host: SubscriptionHost;
}

/** The subscriptions of one WebSocket. */
export class Subscriptions {
  readonly #context: SubscriptionsContext;
  readonly #owner: Owner;
  readonly #open = new Map<string, Subscription>();
  #lastId = 0;

  constructor(context: SubscriptionsContext, owner: Owner) {
    this.#context = context;
    this.#owner = owner;
  }

  get size(): number {
    return this.#open.size;
  }

  /** @throws AtomaError `too_many_subscriptions` */
  open({ fromIndex = 0, requestId, lingerMs = 0 }: StreamOptions): Subscription {
    this.#admit();
    this.#lastId += 1;
    const subscription = new Subscription({ id: String(this.#lastId), fromIndex }, this.#owner.host);
    this.#open.set(subscription.id, subscription);
    if (requestId !== undefined) this.#read(subscription, requestId, lingerMs);
    return subscription;
  }

  /** Ends one by its client's will, a request of its own with it; false where there is none of this id. */
  cancel(id: string): boolean {
    const subscription = this.#open.get(id);
    if (subscription === undefined) return false;
    this.#drop(subscription);
    if (subscription.request?.isOwn) this.#context.lingering.remove(subscription.request.id);
    subscription.cancel();
    return true;
  }

  /** Tells the client of each that it ends with an error. */
  abort(error: unknown): void {
    for (const subscription of [...this.#open.values()]) subscription.abort(error);
  }

  /** The connection is gone: what nobody else keeps alive is cancelled. */
  end(): void {
    for (const subscription of [...this.#open.values()]) {
      this.#drop(subscription);
      if (subscription.request?.isOwn) subscription.detach();
      else subscription.cancel();
    }
  }

  /** Its stream has ended. */
  ended(subscription: Subscription): void {
    this.#drop(subscription);
    if (subscription.request?.isOwn) this.#context.lingering.remove(subscription.request.id);
  }

  #admit(): void {
    const { limits, subscriptionQuota } = this.#context;
    const limit = limits.maxSubscriptions;
    if (this.#open.size >= limit) {
      throw catalogued(
        'too_many_subscriptions',
        `This WebSocket has ${limit} subscriptions, the most that one may have; end one or open another socket.`,
        { limit },
      );
    }
    const exceeded = subscriptionQuota.take(this.#owner.key);
    if (exceeded !== undefined) {
      throw catalogued(
        'too_many_subscriptions',
        `All WebSockets of this client together have ${exceeded} subscriptions, the most that one may have; end one.`,
        { limit: exceeded },
      );
    }
  }

  #read(subscription: Subscription, requestId: string, lingerMs: number): void {
    const { lingering, limits } = this.#context;
    if (lingerMs <= 0) {
      subscription.request = { id: requestId, isOwn: false };
      lingering.join(requestId);
      return;
    }
    const time = Math.min(lingerMs, limits.maxLingerMs);
    const isOwn = lingering.add(requestId, time, () => subscription.cancel());
    if (isOwn) subscription.request = { id: requestId, isOwn };
  }

  /** The client reads it no more. */
  #drop(subscription: Subscription): void {
    if (!this.#open.delete(subscription.id)) return;
    this.#context.subscriptionQuota.giveBack(this.#owner.key);
    if (subscription.request !== undefined) this.#context.lingering.leave(subscription.request.id);
  }
}
