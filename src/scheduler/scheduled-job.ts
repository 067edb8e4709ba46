import type { AtomaError, Job } from '../core/index.js';
import type { Lane, ScheduledCompletion, SubmitOptions } from './options.js';
import type { SpeedEstimate, Workload } from './speed-estimate.js';

interface Settle {
  readonly resolve: (result: ScheduledCompletion) => void;
  readonly reject: (error: unknown) => void;
}

/** What places a job can take: on an executor that has exclusive ones, reproducible jobs take those alone. */
export type JobKind = 'plain' | 'reproducible';

/** A job from its submission to its end. */
export class ScheduledJob {
  readonly job: Job;
  readonly options: SubmitOptions;
  readonly isTicket: boolean;
  /** ms since 1970; a request has none. */
  readonly deadlineMs: number;
  /** Submissions in the order they came; decides between equal deadlines. */
  readonly order: number;
  readonly workload: Workload;
  readonly speed: SpeedEstimate;
  readonly settle: Settle;
  /** How often a device died under it. */
  deaths = 0;
  /** All its waits together. */
  queuedMs = 0;
  /** It was started at a time from which by prediction it could not make its deadline. */
  startedLate = false;
  /** When its present wait or run began, ms since 1970. */
  sinceMs = 0;
  /** Takes it out of its queue, with its timer and its signal's listener; undefined while it does not wait. */
  leaveQueue: (() => void) | undefined;

  constructor(
    submission: { readonly job: Job; readonly lane: Lane; readonly options: SubmitOptions },
    place: { readonly order: number; readonly workload: Workload; readonly speed: SpeedEstimate },
    settle: Settle,
  ) {
    const { job, lane, options } = submission;
    this.job = job;
    this.options = options;
    this.isTicket = lane.kind === 'ticket';
    this.deadlineMs = lane.kind === 'ticket' ? lane.deadlineMs : Number.POSITIVE_INFINITY;
    this.order = place.order;
    this.workload = place.workload;
    this.speed = place.speed;
    this.settle = settle;
  }

  get model(): string {
    return this.job.params.model;
  }

  get kind(): JobKind {
    return this.job.reproducible ? 'reproducible' : 'plain';
  }

  /** A device died under it: it may have been the cause, and runs alone from then on. */
  get isSuspect(): boolean {
    return this.deaths > 0;
  }

  /** By prediction it cannot make its deadline any more, were it started now. */
  isLate(nowMs: number): boolean {
    return nowMs + this.speed.expectedMs(this.workload) > this.deadlineMs;
  }

  /** Ends it before it runs. */
  refuse(error: AtomaError): void {
    this.leaveQueue?.();
    this.settle.reject(error);
  }

  /** What a running job still needs, as far as predicted, ms. */
  remainingMs(nowMs: number): number {
    return Math.max(0, this.sinceMs + this.speed.expectedMs(this.workload) - nowMs);
  }
}
