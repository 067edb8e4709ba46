import type { Chain } from '../chain/index.js';
import { type ChainEvent, givesTicketTo } from '../core/index.js';

/** Which checkpoints' tickets: both included; without an end, up to the newest. */
export interface AuditRange {
  readonly from: bigint;
  readonly to: bigint | undefined;
}

/** What the chain says of a ticket that it gave to a node. */
export interface Sighting {
  readonly ticketId: string;
  /** Of the event that gave it to the node. */
  readonly eventId: string;
  readonly checkpoint: bigint | undefined;
  readonly timestampMs: number | undefined;
  /** Of a prompt that no node of this kind can run. */
  readonly modality: string | undefined;
  /** The node was asked later than others. */
  readonly later: boolean;
  readonly settled: boolean;
  /** The node was the first to commit. */
  readonly first: boolean;
}

/**
 * The tickets of a range that concern a node, in the chain's order. What became of them is read beyond the
 * range's end, until all have settled or the chain ends.
 * @throws AtomaError `history_pruned`, `chain_unavailable`, `cancelled`
 */
export async function readSightings(
  chain: Chain,
  smallId: bigint,
  { from, to }: AuditRange,
  signal: AbortSignal,
): Promise<readonly Sighting[]> {
  const seen = new Map<string, Sighting>();
  let unsettled = 0;
  for await (const events of chain.history({ from, to: undefined, signal })) {
    let past = false;
    for (const event of events) {
      past = to !== undefined && event.checkpoint !== undefined && event.checkpoint > to;
      const given = past ? undefined : sightingOf(event, smallId);
      if (given !== undefined && !seen.has(given.ticketId)) {
        seen.set(given.ticketId, given);
        unsettled++;
      }
      if (event.kind !== 'settled' && event.kind !== 'first_submission') continue;
      const sighting = seen.get(event.ticketId);
      if (sighting === undefined) continue;
      if (event.kind === 'settled') {
        if (!sighting.settled) unsettled--;
        seen.set(event.ticketId, { ...sighting, settled: true });
      } else if (event.nodeId === smallId) seen.set(event.ticketId, { ...sighting, first: true });
    }
    if (past && unsettled === 0) break;
  }
  return [...seen.values()];
}

/** undefined for an event that gives the node no ticket. */
function sightingOf(event: ChainEvent, smallId: bigint): Sighting | undefined {
  if (!givesTicketTo(event, smallId)) return undefined;
  return {
    ticketId: event.ticketId,
    eventId: event.id,
    checkpoint: event.checkpoint,
    timestampMs: event.timestampMs,
    modality: event.kind === 'unsupported_prompt' ? event.modality : undefined,
    later: event.kind === 'new_nodes',
    settled: false,
    first: false,
  };
}
