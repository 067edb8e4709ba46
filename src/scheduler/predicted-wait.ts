import { type PlaceSums, requestSlots } from './executor-slots.js';

interface Load {
  /** Places for the request. */
  readonly capacity: PlaceSums;
  /** Share of those that tickets take, too, held back for tickets. */
  readonly reserve: number;
  /** What each running job still needs, ms. */
  readonly runningTickets: readonly number[];
  readonly runningRequests: readonly number[];
  /** Work that goes before the request, ms of one sequence. */
  readonly ticketWorkMs: number;
  readonly requestWorkMs: number;
}

/**
 * When a request at the end of the queue is started, ms from now: when there is a sequence for it among all,
 * after every ticket and request before it, and one among those that requests may have.
 */
export function predictedWaitMs(load: Load): number {
  const { capacity, reserve, runningTickets, runningRequests, ticketWorkMs, requestWorkMs } = load;
  const places = capacity.shared + capacity.untouched;
  const forAll = slotFreeMs(places, [...runningTickets, ...runningRequests], ticketWorkMs + requestWorkMs);
  return Math.max(forAll, slotFreeMs(requestSlots(capacity, reserve), runningRequests, requestWorkMs));
}

/**
 * The time t at which sequences that become free at `r` have had room for the work before: Σ max(0, t − r) =
 * work. The work is taken as divisible, as many short jobs are. Without any sequence nothing is known: 0.
 */
function slotFreeMs(slots: number, remaining: readonly number[], workMs: number): number {
  if (slots === 0) return 0;
  const idle = Math.max(0, slots - remaining.length);
  // More jobs than sequences, as after a device went: the first to end make no room.
  const free = remaining.toSorted((a, b) => a - b).slice(Math.max(0, remaining.length - slots));
  let filled = idle;
  let sum = 0;
  for (const ms of free) {
    if (filled > 0 && ms * filled - sum >= workMs) break;
    sum += ms;
    filled++;
  }
  return (workMs + sum) / filled;
}
