import { type ChainEvent, givesTicketTo } from '../../core/index.js';
import type { CheckpointTimes } from './checkpoint-times.js';

/**
 * Gives the events that ask something of a node the time of their checkpoint, where they have none and the
 * chain tells it; the others stay as they are.
 */
export async function stampOwn(
  events: readonly ChainEvent[],
  smallId: bigint,
  times: CheckpointTimes,
  signal: AbortSignal,
): Promise<readonly ChainEvent[]> {
  const lacksTime = (event: ChainEvent): boolean =>
    event.timestampMs === undefined && givesTicketTo(event, smallId);
  const checkpoints = events.flatMap((event) =>
    event.checkpoint !== undefined && lacksTime(event) ? [event.checkpoint] : [],
  );
  if (checkpoints.length === 0) return events;
  const known = await times.read(checkpoints, signal);
  return events.map((event) => {
    if (event.checkpoint === undefined || !lacksTime(event)) return event;
    return { ...event, timestampMs: known.get(event.checkpoint) };
  });
}
