import { GrpcTypes } from '@mysten/sui/grpc';
import { AtomaError } from '../../core/index.js';
import type { EventSource } from './event-source.js';

const { ITEM_LIMIT, SCAN_LIMIT } = GrpcTypes.QueryEndReason;
const SUBSCRIBED_TYPE = 'db::NodeSubscribedToModelEvent';
/** A page has a thousand events at most: as many subscriptions as a network has in years. */
const MAX_PAGES = 32;
/** Simulations at once: a search of a hundred places is a dozen round trips, and no endpoint calls that abuse. */
const BATCH = 8;
/** Beyond what the history tells, in places: an echelon of a thousand nodes of equal hardware is a large one. */
const MAX_INDEX = 1_023;

/** Where a node stands in its echelon, as far as events tell. */
interface EchelonPosition {
  /** How many nodes had joined the echelon up to this one: its index is lower, whoever has left since. */
  readonly joined: number;
  /** Whether the history reaches back to the first one. */
  readonly complete: boolean;
}

/**
 * Nodes join at the end of an echelon's `TableVec`, and when one leaves, the last one takes its place: an index
 * never grows. So what joined before a node bounds its index.
 * @returns undefined where no event tells that the node joined
 * @throws what gRPC throws, StreamFault
 */
export async function findEchelonPosition(
  { smallId, model }: { readonly smallId: bigint; readonly model: string },
  { source }: { readonly source: EventSource },
  signal: AbortSignal,
): Promise<EchelonPosition | undefined> {
  let echelon: bigint | undefined;
  let joined = 0;
  let before: Uint8Array | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const { events, end, cursor } = await source.list(
      { before, descending: true, type: SUBSCRIBED_TYPE },
      signal,
    );
    for (const event of events) {
      if (event.kind !== 'node_subscribed' || event.model !== model) continue;
      if (echelon === undefined && event.nodeId === smallId) echelon = event.echelon;
      if (event.echelon === echelon) joined++;
    }
    // Every other end means that there is nothing before it.
    if (end !== ITEM_LIMIT && end !== SCAN_LIMIT) {
      return echelon === undefined ? undefined : { joined, complete: true };
    }
    before = cursor;
  }
  return echelon === undefined ? undefined : { joined, complete: false };
}

/** What a try to leave at an index came to: `beyond` the end of the echelon there is nothing. */
export type IndexTrial = 'here' | 'elsewhere' | 'beyond';

/**
 * The node's index, found by trying: the last place that it can have, then those before it, as in a young
 * echelon few have left. Where the history is cut off, those after it too.
 * @param trial simulates leaving at an index
 * @throws AtomaError `node_index_not_found`; what `trial` throws
 */
export async function findNodeIndex(
  position: EchelonPosition | undefined,
  trial: (index: bigint) => Promise<IndexTrial>,
): Promise<bigint> {
  const candidates = candidatesOf(position);
  let end = Number.POSITIVE_INFINITY;
  for (let at = 0; at < candidates.length; at += BATCH) {
    const batch = candidates.slice(at, at + BATCH).filter((index) => index < end);
    const trials = await Promise.all(batch.map((index) => trial(BigInt(index))));
    const here = batch[trials.indexOf('here')];
    if (here !== undefined) return BigInt(here);
    for (const [n, index] of batch.entries()) if (trials[n] === 'beyond' && index < end) end = index;
  }
  throw new AtomaError(
    'node_index_not_found',
    `the node was found at none of ${candidates.length} places of its echelon; nodes may be leaving it right now: try again, and if that does not help, the contract is not the one that this program knows`,
    { fields: { tried: candidates.length } },
  );
}

function candidatesOf(position: EchelonPosition | undefined): readonly number[] {
  const joined = position?.joined ?? 0;
  const downwards = Array.from({ length: joined }, (_, n) => joined - 1 - n);
  if (position?.complete) return downwards;
  const upwards = Array.from({ length: MAX_INDEX + 1 }, (_, n) => joined + n);
  return [...downwards, ...upwards];
}
