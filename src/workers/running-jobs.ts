import { AtomaError, type Completion, fromErrorData, type JobOptions } from '../core/index.js';
import type { JobOutcome, WireFrame } from './protocol.js';

interface RunningJob {
  readonly options: JobOptions;
  readonly resolve: (completion: Completion) => void;
  readonly reject: (error: AtomaError) => void;
}

/** The jobs that a device process holds, under the numbers by which its messages call them. */
export class RunningJobs {
  readonly #jobs = new Map<number, RunningJob>();
  #next = 1;

  get size(): number {
    return this.#jobs.size;
  }

  /**
   * Adds a job, lets `start` send it, and calls `cancel` where its signal aborts.
   * @throws AtomaError `cancelled` where the signal has aborted already; whatever ends the job.
   */
  run(options: JobOptions, start: (job: number) => void, cancel: (job: number) => void): Promise<Completion> {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(new AtomaError('cancelled', 'the job was cancelled'));
      const number = this.#next++;
      const onAbort = (): void => cancel(number);
      const settle =
        <T>(done: (value: T) => void) =>
        (value: T): void => {
          this.#jobs.delete(number);
          signal.removeEventListener('abort', onAbort);
          done(value);
        };
      this.#jobs.set(number, { options, resolve: settle(resolve), reject: settle(reject) });
      signal.addEventListener('abort', onAbort, { once: true });
      start(number);
    });
  }

  frames(frames: readonly WireFrame[]): void {
    for (const [number, index, text, tokens] of frames) {
      this.#jobs.get(number)?.options.onTokens({ index, text, tokens });
    }
  }

  done(number: number, outcome: JobOutcome): void {
    const job = this.#jobs.get(number);
    if (outcome.ok) job?.resolve(outcome.completion);
    else job?.reject(fromErrorData(outcome.error));
  }

  rejectAll(error: AtomaError): void {
    for (const job of [...this.#jobs.values()]) job.reject(error);
  }
}
