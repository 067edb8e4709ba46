import type { ChainEvent } from '../../core/index.js';
import type { CheckpointTimes } from './checkpoint-times.js';

/** Whether an event asks this node for something, so that its time counts. */
function asksFor(event: ChainEvent, smallId: bigint): boolean {
  switch (event.kind) {
    case 'prompt':
    case 'unsupported_prompt':
      return event.nodes.includes(smallId);
    case 'new_nodes':
      return event.newNodes.some(({ nodeId }) => nodeId === smallId);
    default:
      return false;
  }
}

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
    event.timestampMs === undefined && asksFor(event, smallId);
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
