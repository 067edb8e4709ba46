import type { Completion, JobOptions } from '../core/index.js';

export interface SchedulerOptions {
  /** RPC requests that may wait for a sequence, over all models. */
  readonly maxQueuedRequests: number;
  /** Tickets that may wait; far more, since each is money. */
  readonly maxQueuedTickets: number;
  /** A request is started or refused within this time, ms. */
  readonly maxRequestWaitMs: number;
  /** A request whose device died may wait this long for the next one, ms. */
  readonly maxRestartWaitMs: number;
  /**
   * Share (0 to 1) of a model's sequences that requests may not occupy, rounded up; of two sequences or more
   * one stays open to requests, of a single one none is held back. 0 where no tickets can come.
   */
  readonly ticketReserve: number;
}

export const SCHEDULER_DEFAULTS: SchedulerOptions = {
  maxQueuedRequests: 256,
  maxQueuedTickets: 10_000,
  // Half of the second within which a client under overload is to hear something.
  maxRequestWaitMs: 500,
  // A device process is back in seconds, with a large model in tens of them.
  maxRestartWaitMs: 60_000,
  ticketReserve: 0.25,
};

/** Who a job is for. Tickets have deadlines on chain and go first, earliest deadline first. */
export type Lane =
  | { readonly kind: 'ticket' /** ms since 1970 */; readonly deadlineMs: number }
  | { readonly kind: 'request' };

export type LaneKind = Lane['kind'];

export interface SubmitOptions extends JobOptions {
  /** The job leaves the queue and goes to an executor, for the first time. Where it throws, the job fails so. */
  readonly onStart?: (() => void) | undefined;
  /** The device died under the job, which will be run again: its frames start at index 0 again. */
  readonly onRestart?: (() => void) | undefined;
  /**
   * It could not start at once; called at most once, within {@link Scheduler.submit}.
   * @param position among the requests of its model that wait; 1 is next
   * @param expectedWaitMs as far as predicted
   */
  readonly onQueued?: ((position: number, expectedWaitMs: number) => void) | undefined;
}

export interface ScheduledCompletion {
  readonly completion: Completion;
  /** Time in the queue, ms, all waits together. */
  readonly queuedMs: number;
}

export interface SchedulerStatus {
  /** Jobs that wait, tickets included. */
  readonly waiting: number;
  readonly waitingTickets: number;
  /** Of {@link SchedulerStatus.waiting}, those that a device died under: each runs alone the next time. */
  readonly suspects: number;
  readonly running: number;
  /** Jobs that can run at once, over all models. */
  readonly capacity: number;
  /** Tickets that were started although they were predicted to miss their deadline, since the start. */
  readonly lateTickets: number;
}

/** What the scheduler needs of the time. */
export interface Timing {
  /** ms since 1970. */
  readonly now: () => number;
  /** Calls back once after `ms`, unless the function it returns is called before. */
  readonly after: (ms: number, callback: () => void) => () => void;
}

/** The system's clock and timers, which do not keep a process alive. */
export const SYSTEM_TIMING: Timing = {
  now: Date.now,
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms).unref();
    return () => clearTimeout(timer);
  },
};
