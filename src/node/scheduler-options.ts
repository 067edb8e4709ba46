import type { Config } from '../config/index.js';
import { SCHEDULER_DEFAULTS, type SchedulerOptions } from '../scheduler/index.js';

/** The scheduler's options, as the configuration has them. */
export function schedulerOptions({ inference, chain }: Config): SchedulerOptions {
  const { maxRequestWaitMs, maxQueuedRequests, ticketReserve } = inference.scheduler;
  return {
    ...SCHEDULER_DEFAULTS,
    maxRequestWaitMs,
    maxQueuedRequests,
    // Without a chain there are no tickets to hold sequences back for.
    ticketReserve: chain === undefined ? 0 : ticketReserve,
  };
}
