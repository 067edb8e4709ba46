import { GrpcTypes } from '@mysten/sui/grpc';
import type { EventSource } from './event-source.js';

const { ITEM_LIMIT, SCAN_LIMIT } = GrpcTypes.QueryEndReason;
const SUBSCRIBED_TYPE = 'db::NodeSubscribedToModelEvent';

/** A model that a node has joined. */
export interface ModelSubscription {
  readonly model: string;
  readonly echelon: bigint;
  /** When it joined; undefined where the endpoint does not say. */
  readonly checkpoint?: bigint | undefined;
}

/** What a chain's history tells of a node's subscriptions. */
export interface SubscriptionHistory {
  /** Each once, the newest first. Leaving a model leaves no event: a node may have left some of them since. */
  readonly subscriptions: readonly ModelSubscription[];
  /** Whether all that the endpoint keeps was looked through. */
  readonly complete: boolean;
  /** The oldest checkpoint that was looked at, where that is known. */
  readonly since: bigint | undefined;
}

/**
 * A node's subscriptions, searched from the newest event back, as far as the endpoint's history and `maxPages`
 * reach; what was found until then where `signal` aborts.
 * @throws what gRPC throws, StreamFault
 */
export async function findSubscriptions(
  options: { readonly smallId: bigint; readonly lowest: bigint; readonly maxPages: number },
  modules: { readonly source: EventSource },
  signal: AbortSignal,
): Promise<SubscriptionHistory> {
  const found = new Map<string, ModelSubscription>();
  let before: Uint8Array | undefined;
  let since: bigint | undefined;
  for (let page = 0; page < options.maxPages; page++) {
    const query = { before, descending: true, type: SUBSCRIBED_TYPE };
    const listed = await unlessAborted(signal, () => modules.source.list(query, signal));
    if (listed === undefined) break;
    const { events, end, cursor } = listed;
    for (const event of events) {
      since = event.checkpoint ?? since;
      if (event.kind !== 'node_subscribed' || event.nodeId !== options.smallId) continue;
      const { model, echelon, checkpoint } = event;
      const key = `${echelon} ${model}`;
      if (!found.has(key)) found.set(key, { model, echelon, checkpoint });
    }
    // Every other end means that there is nothing before it.
    if (end !== ITEM_LIMIT && end !== SCAN_LIMIT) {
      return { subscriptions: [...found.values()], complete: true, since: options.lowest };
    }
    before = cursor;
  }
  return { subscriptions: [...found.values()], complete: false, since };
}

async function unlessAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}
