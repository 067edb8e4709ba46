import { AtomaError, type Completion, fromErrorData, type JobOptions } from '../core/index.js';
import type { JobOutcome, WireFrame } from './protocol.js';

interface RunningJob {
  readonly model: string;
  readonly options: JobOptions;
  readonly cancel: () => void;
  readonly resolve: (completion: Completion) => void;
  readonly reject: (error: AtomaError) => void;
  /** Why it was asked to end, where that was not its own signal. */
  reason: AtomaError | undefined;
}

/** The jobs that a device process holds, under the numbers by which its messages call them. */
export class RunningJobs {
  readonly #jobs = new Map<number, RunningJob>();
  readonly #waiting = new Map<string, (() => void)[]>();
  #next = 1;

  get size(): number {
    return this.#jobs.size;
  }

  /**
   * Adds a job, lets `start` send it, and calls `cancel` where its signal aborts.
   * @throws AtomaError `cancelled` where the signal has aborted already; whatever ends the job.
   */
  run(
    model: string,
    options: JobOptions,
    messages: { readonly start: (job: number) => void; readonly cancel: (job: number) => void },
  ): Promise<Completion> {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(new AtomaError('cancelled', 'the job was cancelled'));
      const number = this.#next++;
      const cancel = (): void => messages.cancel(number);
      const settle =
        <T>(done: (value: T) => void) =>
        (value: T): void => {
          this.#jobs.delete(number);
          signal.removeEventListener('abort', cancel);
          done(value);
          this.#tellIdle(model);
        };
      this.#jobs.set(number, {
        ...{ model, options, cancel, reason: undefined },
        ...{ resolve: settle(resolve), reject: settle(reject) },
      });
      signal.addEventListener('abort', cancel, { once: true });
      messages.start(number);
    });
  }

  frames(frames: readonly WireFrame[]): void {
    for (const [number, index, text, tokens, logprobs] of frames) {
      const frame = logprobs === undefined ? { index, text, tokens } : { index, text, tokens, logprobs };
      this.#jobs.get(number)?.options.onTokens(frame);
    }
  }

  done(number: number, outcome: JobOutcome): void {
    const job = this.#jobs.get(number);
    if (outcome.ok) job?.resolve(outcome.completion);
    else job?.reject(job.reason ?? fromErrorData(outcome.error));
  }

  /** Resolves when no job of the model runs. */
  idle(model: string): Promise<void> {
    if (this.#of(model).length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.set(model, [...(this.#waiting.get(model) ?? []), resolve]);
    });
  }

  /** Asks every job of a model to end before its next token, with `model_unloaded`. */
  end(model: string): void {
    for (const job of this.#of(model)) {
      job.reason = unloaded(model);
      job.cancel();
    }
  }

  rejectAll(error: AtomaError): void {
    for (const job of [...this.#jobs.values()]) job.reject(error);
  }

  #of(model: string): readonly RunningJob[] {
    return [...this.#jobs.values()].filter((job) => job.model === model);
  }

  #tellIdle(model: string): void {
    const waiting = this.#waiting.get(model);
    if (waiting === undefined || this.#of(model).length > 0) return;
    this.#waiting.delete(model);
    for (const tell of waiting) tell();
  }
}

/** How a job ends whose model was taken off: another device may run it again. */
export function unloaded(model: string): AtomaError {
  return new AtomaError('model_unloaded', `the model ${model} was unloaded while the job ran`, {
    fields: { model },
  });
}
