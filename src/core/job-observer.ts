import type { Completion } from './completion.js';
import type { Job } from './executor.js';

/** How a job ended, as the scheduler knows it. */
export type JobEnd =
  | { readonly ok: true; readonly completion: Completion; readonly queuedMs: number }
  | { readonly ok: false; readonly error: unknown };

/**
 * Told of each job of the scheduler, tickets and requests alike. All are called synchronously on the main thread and
 * must neither throw nor block; {@link Job.id} is unique from `onSubmitted` to `onEnded`.
 */
export interface JobObserver {
  onSubmitted?(job: Job, lane: 'ticket' | 'request'): void;
  /**
   * An executor takes it; again after its device died.
   * @param queuedMs all its waits together
   */
  onStarted?(job: Job, executor: string, queuedMs: number): void;
  /** Once, also for a job that was refused. */
  onEnded?(job: Job, lane: 'ticket' | 'request', end: JobEnd): void;
}
