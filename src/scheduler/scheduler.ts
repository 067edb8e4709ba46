import { AtomaError, type Completion, type Executor, type Job, type JobOptions } from '../core/index.js';
import { ModelQueue, type QueuedJob } from './model-queue.js';

export interface SchedulerOptions {
  /** RPC requests that may wait for a sequence, over all models. */
  readonly maxQueuedRequests: number;
  /** Tickets that may wait; far more, since each is money. */
  readonly maxQueuedTickets: number;
}

export const SCHEDULER_DEFAULTS: SchedulerOptions = { maxQueuedRequests: 256, maxQueuedTickets: 10_000 };

/** Who a job is for. Tickets have deadlines on chain and go first, earliest deadline first. */
export type Lane =
  | { readonly kind: 'ticket' /** ms since 1970 */; readonly deadlineMs: number }
  | { readonly kind: 'request' };

export interface SubmitOptions extends JobOptions {
  /** The job leaves the queue and goes to an executor. */
  readonly onStart?: () => void;
}

export interface ScheduledCompletion {
  readonly completion: Completion;
  /** Time in the queue, ms. */
  readonly queuedMs: number;
}

export interface QueueStatus {
  readonly waiting: number;
  readonly running: number;
  /** Jobs that can run at once, over all models. */
  readonly capacity: number;
}

/** Weight of the newest job in the moving average of job lengths: a change shows after about ten jobs. */
const DURATION_WEIGHT = 0.1;
/** Assumed length of a job before any has ended, ms. */
const INITIAL_DURATION_MS = 1000;

/** Admits jobs, orders them, and hands each to the executor with the most room for its model. */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #executors: readonly Executor[];
  readonly #queues = new Map<string, ModelQueue>();
  readonly #running = new Map<Executor, Map<string, number>>();
  #runningTotal = 0;
  #meanDurationMs = INITIAL_DURATION_MS;

  constructor(options: SchedulerOptions, modules: { readonly executors: readonly Executor[] }) {
    this.#options = options;
    this.#executors = modules.executors;
    for (const executor of modules.executors) this.#running.set(executor, new Map());
  }

  /**
   * Runs a job when its turn comes.
   * @throws AtomaError `busy` (`retryAfterMs` in its fields) where the queue is full, `unknown_model`,
   * `cancelled` also while it waits, and whatever {@link Executor.run} throws.
   */
  async submit(job: Job, lane: Lane, options: SubmitOptions): Promise<ScheduledCompletion> {
    const { model } = job.params;
    if (this.#capacity(model) === 0) {
      throw new AtomaError('unknown_model', `no device here serves the model ${model}`, {
        fields: { model },
      });
    }
    this.#admit(lane);
    const { signal } = options;
    if (signal.aborted) throw new AtomaError('cancelled', 'the job was cancelled');
    const queuedAt = performance.now();
    const executor = await new Promise<Executor>((resolve, reject) => {
      const queue = this.#queue(model);
      const entry: QueuedJob = {
        deadlineMs: lane.kind === 'ticket' ? lane.deadlineMs : undefined,
        start: (chosen) => {
          signal.removeEventListener('abort', leave);
          resolve(chosen);
        },
      };
      const leave = (): void => {
        queue.remove(entry);
        reject(new AtomaError('cancelled', 'the job was cancelled while it waited'));
      };
      signal.addEventListener('abort', leave, { once: true });
      queue.add(entry);
      this.#dispatch(model);
    });
    const startedAt = performance.now();
    options.onStart?.();
    try {
      const completion = await executor.run(job, options);
      return { completion, queuedMs: startedAt - queuedAt };
    } finally {
      this.#meanDurationMs += DURATION_WEIGHT * (performance.now() - startedAt - this.#meanDurationMs);
      this.#count(executor, model, -1);
      this.#dispatch(model);
    }
  }

  status(): QueueStatus {
    let waiting = 0;
    let capacity = 0;
    for (const [model, queue] of this.#queues) {
      waiting += queue.tickets + queue.requests;
      capacity += this.#capacity(model);
    }
    return { waiting, running: this.#runningTotal, capacity };
  }

  /** Makes the room of a model that has just been loaded known; capacity is counted from here on. */
  serve(model: string): void {
    this.#queue(model);
  }

  #admit(lane: Lane): void {
    const isTicket = lane.kind === 'ticket';
    let queued = 0;
    for (const queue of this.#queues.values()) queued += isTicket ? queue.tickets : queue.requests;
    const limit = isTicket ? this.#options.maxQueuedTickets : this.#options.maxQueuedRequests;
    if (queued < limit) return;
    const { waiting, capacity } = this.status();
    const retryAfterMs = Math.ceil((this.#meanDurationMs * (waiting + 1)) / Math.max(1, capacity));
    throw new AtomaError(
      'busy',
      `the queue is full (${limit} waiting); retry in ${Math.ceil(retryAfterMs / 1000)} s`,
      {
        fields: { retryAfterMs },
      },
    );
  }

  #dispatch(model: string): void {
    const queue = this.#queue(model);
    while (queue.tickets + queue.requests > 0) {
      const executor = this.#roomiest(model);
      if (executor === undefined) return;
      this.#count(executor, model, 1);
      queue.take()?.start(executor);
    }
  }

  #roomiest(model: string): Executor | undefined {
    let best: Executor | undefined;
    let bestRoom = 0;
    for (const [executor, running] of this.#running) {
      const room = executor.capacity(model) - (running.get(model) ?? 0);
      if (room > bestRoom) {
        best = executor;
        bestRoom = room;
      }
    }
    return best;
  }

  #capacity(model: string): number {
    return this.#executors.reduce((sum, executor) => sum + executor.capacity(model), 0);
  }

  #count(executor: Executor, model: string, change: 1 | -1): void {
    const running = this.#running.get(executor);
    running?.set(model, (running.get(model) ?? 0) + change);
    this.#runningTotal += change;
  }

  #queue(model: string): ModelQueue {
    let queue = this.#queues.get(model);
    if (queue === undefined) {
      queue = new ModelQueue();
      this.#queues.set(model, queue);
    }
    return queue;
  }
}
