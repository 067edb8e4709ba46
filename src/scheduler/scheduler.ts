import { AtomaError, type Executor, type Job, type JobObserver } from '../core/index.js';
import { AbortWatch } from './abort-watch.js';
import { Dispatcher } from './dispatcher.js';
import { capacityOf, ExecutorSlots } from './executor-slots.js';
import { Models } from './models.js';
import {
  type Lane,
  type ScheduledCompletion,
  type SchedulerOptions,
  type SchedulerStatus,
  type SubmitOptions,
  SYSTEM_TIMING,
  type Timing,
} from './options.js';
import { predictedWaitMs } from './predicted-wait.js';
import {
  busy,
  cancelled,
  jobKilledWorker,
  noDevice,
  stillLoading,
  stopping,
  unknownModel,
  unloadedModel,
} from './refusals.js';
import { ScheduledJob } from './scheduled-job.js';
import { workloadOf } from './speed-estimate.js';
import { Suspects } from './suspects.js';

interface Modules {
  /** Those that are there from the start. */
  readonly executors?: readonly Executor[];
  /** Default: the system's clock and timers. */
  readonly timing?: Timing;
  readonly observers?: readonly JobObserver[];
}

/** A job under which a device dies once may be a bystander; the second time it ran alone. */
const MAX_DEATHS = 2;

/**
 * Admits jobs, orders them, and hands each to the executor with the most room for its model.
 *
 * Tickets go first, earliest deadline first among those that can still make it by prediction; then those that
 * cannot, which are answered all the same; then requests. So no request is started while a ticket of its model
 * waits, and requests leave a share of the sequences to tickets that are still to come. What a prediction
 * decides for a request is whether its turn would come in time: where not, it is refused at once.
 *
 * A job whose device dies is run again from the start, alone on its executor; where that one dies too, the job
 * is the cause, and fails. One whose model is taken off its device is run again on another one that has it.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #timing: Timing;
  readonly #slots: ExecutorSlots;
  readonly #models = new Models();
  readonly #suspects = new Suspects();
  readonly #dispatcher: Dispatcher;
  readonly #aborts = new AbortWatch();
  readonly #observers: readonly JobObserver[];
  #submitted = 0;
  #stopped = false;

  constructor(options: SchedulerOptions, modules: Modules) {
    this.#options = options;
    this.#timing = modules.timing ?? SYSTEM_TIMING;
    this.#slots = new ExecutorSlots(modules.executors ?? []);
    this.#observers = modules.observers ?? [];
    this.#dispatcher = new Dispatcher(options, {
      slots: this.#slots,
      models: this.#models,
      suspects: this.#suspects,
      timing: this.#timing,
      onStart: (job, executor) => {
        for (const observer of this.#observers) observer.onStarted?.(job.job, executor.id, job.queuedMs);
      },
      onFailure: (job, error) => this.#failed(job, error),
    });
  }

  /**
   * Declares a model: its jobs wait through times in which no executor has it.
   * @param contextSize tokens of a sequence: no answer is expected to be longer
   */
  serve(model: string, contextSize?: number): void {
    const state = this.#models.get(model);
    state.contextSize = contextSize ?? state.contextSize;
    state.standing = 'served';
  }

  /**
   * Declares a model that is on its way to its first executor, by a download of hours perhaps: its tickets wait for
   * it, until it is served or {@link Scheduler.disappoint} says that it does not come.
   */
  expect(model: string): void {
    this.#models.get(model).standing = 'expected';
  }

  /** A model that was expected does not come: its jobs end as those of a model without a device. */
  disappoint(model: string): void {
    this.#models.get(model).standing = 'missing';
    this.#dispatcher.dispatch();
  }

  /**
   * Forgets a model that is not served any more: its jobs that wait are refused with `unknown_model`, and those
   * that run once their executor lets them go.
   */
  forget(model: string): void {
    if (!this.#models.has(model)) return;
    const suspects = [...this.#suspects].filter((job) => job.model === model);
    for (const job of [...this.#models.get(model).queue, ...suspects]) job.refuse(unloadedModel(model));
    this.#models.delete(model);
    this.#dispatcher.dispatch();
  }

  /** An executor is there from now on; what it serves is asked of it each time. */
  addExecutor(executor: Executor): void {
    this.#slots.add(executor);
    this.#dispatcher.dispatch();
  }

  /** An executor gets no more jobs; the jobs that it has go on. */
  removeExecutor(executor: Executor): void {
    this.#slots.remove(executor);
    this.#dispatcher.dispatch();
  }

  /** Capacities have changed: a device came back, went, or was given up. */
  refresh(): void {
    this.#dispatcher.dispatch();
  }

  /**
   * Runs a job when its turn comes.
   * @throws AtomaError `busy` (`retryAfterMs` in its fields) where the queue is full or a request's turn would
   * not come, or did not come, in time; `unknown_model`; where no device has the model any more, `not_ready`
   * for a request and `no_device` for a ticket; `not_ready` for a request while the model is expected; `job_killed_worker` where a device died twice under it;
   * `not_ready` after {@link Scheduler.stop}; `cancelled`, also while it waits; and whatever
   * {@link Executor.run} throws.
   */
  async submit(job: Job, lane: Lane, options: SubmitOptions): Promise<ScheduledCompletion> {
    for (const observer of this.#observers) observer.onSubmitted?.(job, lane.kind);
    try {
      const done = await this.#submit(job, lane, options);
      for (const observer of this.#observers) observer.onEnded?.(job, lane.kind, { ok: true, ...done });
      return done;
    } catch (error) {
      for (const observer of this.#observers) observer.onEnded?.(job, lane.kind, { ok: false, error });
      throw error;
    }
  }

  async #submit(job: Job, lane: Lane, options: SubmitOptions): Promise<ScheduledCompletion> {
    const { model } = job.params;
    if (this.#stopped) throw stopping();
    this.#checkServed(model, lane.kind === 'ticket');
    if (options.signal.aborted) throw cancelled('');
    const { speed, contextSize } = this.#models.get(model);
    return new Promise((resolve, reject) => {
      const submitted = new ScheduledJob(
        { job, lane, options },
        { order: this.#submitted++, workload: workloadOf(job.params, contextSize), speed },
        { resolve, reject },
      );
      this.#enqueue(submitted);
      this.#dispatcher.dispatch();
      const isWaiting = submitted.leaveQueue !== undefined;
      const refusal = isWaiting ? this.#refusal(submitted) : undefined;
      if (refusal !== undefined) submitted.refuse(refusal);
      else if (isWaiting && lane.kind === 'request') {
        options.onQueued?.(this.#models.get(model).queue.requests, this.#predictedWaitMs(submitted));
      }
    });
  }

  status(): SchedulerStatus {
    const waitingTickets = this.#models.waiting('ticket') + this.#suspects.of('ticket').length;
    const waitingRequests = this.#models.waiting('request') + this.#suspects.of('request').length;
    let capacity = 0;
    for (const [model] of this.#models) capacity += this.#slots.capacity(model);
    return {
      waiting: waitingTickets + waitingRequests,
      waitingTickets,
      suspects: this.#suspects.size,
      running: this.#slots.total,
      capacity,
      lateTickets: this.#dispatcher.lateTickets,
    };
  }

  /** Refuses every job that waits or comes from now on; those that run go on, and are not run again. */
  stop(): void {
    this.#stopped = true;
    this.#dispatcher.stop();
    const waiting = [...this.#models].flatMap(([, { queue }]) => [...queue]);
    for (const job of [...waiting, ...this.#suspects]) job.refuse(stopping());
  }

  #checkServed(model: string, isTicket: boolean): void {
    if (this.#slots.serves(model)) return;
    if (!this.#models.has(model)) throw unknownModel(model);
    const { standing } = this.#models.get(model);
    if (standing !== 'expected') throw noDevice(model, standing, isTicket);
    if (!isTicket) throw stillLoading(model);
  }

  #enqueue(job: ScheduledJob): void {
    const place = job.isSuspect ? this.#suspects : this.#models.get(job.model).queue;
    const giveUp = (error: AtomaError): void => {
      job.refuse(error);
      // Others may have waited behind it, or for an executor that was kept for it.
      this.#dispatcher.dispatch();
    };
    const stopTimer = job.isTicket ? undefined : this.#limitWait(job, giveUp);
    const stopWatch = this.#aborts.on(job.options.signal, () => giveUp(cancelled(' while it waited')));
    job.sinceMs = this.#timing.now();
    job.leaveQueue = () => {
      job.leaveQueue = undefined;
      place.remove(job);
      stopTimer?.();
      stopWatch();
    };
    place.add(job);
  }

  #limitWait(request: ScheduledJob, giveUp: (error: AtomaError) => void): () => void {
    const { maxRequestWaitMs, maxRestartWaitMs } = this.#options;
    const limitMs = request.isSuspect ? maxRestartWaitMs : maxRequestWaitMs;
    const why = `no sequence of the model ${request.model} became free within ${limitMs} ms`;
    return this.#timing.after(limitMs, () => giveUp(busy(why, this.#predictedWaitMs(request))));
  }

  /** Why a job that could not start at once is not to wait either. */
  #refusal(job: ScheduledJob): AtomaError | undefined {
    const { maxQueuedTickets, maxQueuedRequests, maxRequestWaitMs } = this.#options;
    if (job.isTicket) {
      return this.#models.waiting('ticket') > maxQueuedTickets
        ? busy(`the queue is full (${maxQueuedTickets} tickets wait)`, 0)
        : undefined;
    }
    const waitMs = this.#predictedWaitMs(job);
    if (this.#models.waiting('request') > maxQueuedRequests) {
      return busy(`the queue is full (${maxQueuedRequests} requests wait)`, waitMs);
    }
    return waitMs > maxRequestWaitMs
      ? busy(`the model ${job.model} has more work than it can begin within ${maxRequestWaitMs} ms`, waitMs)
      : undefined;
  }

  /** As if the request, which waits, were the last one in the queue. */
  #predictedWaitMs(request: ScheduledJob): number {
    const { model, speed, kind } = request;
    const { queue } = this.#models.get(model);
    const now = this.#timing.now();
    const places = this.#slots.places(model, kind);
    const running = places.flatMap((place) => place.running);
    const remaining = (isTicket: boolean): readonly number[] =>
      running.filter((job) => job.isTicket === isTicket).map((job) => job.remainingMs(now));
    const isShared = places.some(({ forTickets }) => forTickets);
    const other = kind === 'plain' ? 'reproducible' : 'plain';
    const othersMs = this.#slots.areApart(model) ? 0 : speed.expectedMs(queue.requestWork(other));
    const requestsMs = speed.expectedMs(queue.requestWork(kind)) + othersMs;
    const ownMs = request.isSuspect ? 0 : speed.expectedMs(request.workload);
    return predictedWaitMs({
      capacity: capacityOf(places),
      reserve: this.#options.ticketReserve,
      runningTickets: remaining(true),
      runningRequests: remaining(false),
      ticketWorkMs: isShared ? speed.expectedMs(queue.ticketWork) : 0,
      requestWorkMs: Math.max(0, requestsMs - ownMs),
    });
  }

  #failed(job: ScheduledJob, error: unknown): void {
    const { settle, options } = job;
    const code = error instanceof AtomaError ? error.code : undefined;
    const mayRunAgain = code === 'device_died' || code === 'model_unloaded';
    if (code === 'device_died' && !this.#stopped) job.deaths++;
    if (!mayRunAgain || this.#stopped) settle.reject(error);
    else if (!this.#models.has(job.model) || (code === 'model_unloaded' && !this.#slots.serves(job.model))) {
      settle.reject(unloadedModel(job.model));
    } else if (options.signal.aborted) settle.reject(cancelled(''));
    else if (job.deaths >= MAX_DEATHS) settle.reject(jobKilledWorker(job.model, error));
    else this.#runAgain(job);
  }

  #runAgain(job: ScheduledJob): void {
    try {
      job.options.onRestart?.();
    } catch (error) {
      job.settle.reject(error);
      return;
    }
    if (job.options.signal.aborted) job.settle.reject(cancelled(''));
    else this.#enqueue(job);
  }
}
