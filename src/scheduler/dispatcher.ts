import type { Completion, Executor } from '../core/index.js';
import type { ExecutorSlots } from './executor-slots.js';
import type { ModelQueue } from './model-queue.js';
import type { Models } from './models.js';
import type { LaneKind, Timing } from './options.js';
import { noDevice } from './refusals.js';
import type { ScheduledJob } from './scheduled-job.js';
import { placeSuspects, type Suspects } from './suspects.js';

interface DispatcherOptions {
  /** Share of a model's sequences that requests may not occupy. */
  readonly ticketReserve: number;
}

interface Modules {
  readonly slots: ExecutorSlots;
  readonly models: Models;
  readonly suspects: Suspects;
  readonly timing: Timing;
  readonly onStart: (job: ScheduledJob, executor: Executor) => void;
  /** Ends a job that did not end well, or has it wait again. */
  readonly onFailure: (job: ScheduledJob, error: unknown) => void;
}

const NONE: ReadonlySet<Executor> = new Set();

/** Takes waiting jobs in their order and runs them where there is room. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #modules: Modules;
  #lateTickets = 0;
  #dispatching = false;
  #again = false;
  #stopped = false;

  constructor(options: DispatcherOptions, modules: Modules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** Tickets that were started late by prediction. */
  get lateTickets(): number {
    return this.#lateTickets;
  }

  /** Starts nothing any more. */
  stop(): void {
    this.#stopped = true;
  }

  /**
   * Starts what can be started. To be called whenever something may have changed; a call from within a callback
   * of a job that starts is made up for after it.
   */
  dispatch(): void {
    this.#again = true;
    if (this.#dispatching) return;
    this.#dispatching = true;
    try {
      while (this.#again && !this.#stopped) {
        this.#again = false;
        this.#turn();
      }
    } finally {
      this.#dispatching = false;
    }
  }

  /** Suspects go before the other jobs of their kind: they have lost time already. */
  #turn(): void {
    this.#giveUpUnserved();
    const closed = this.#modules.slots.isolated();
    for (const kind of ['ticket', 'request'] as const) {
      this.#placeSuspects(kind, closed);
      for (const [, { queue }] of this.#modules.models) this.#place(kind, queue, closed);
    }
  }

  #place(kind: LaneKind, queue: ModelQueue, closed: ReadonlySet<Executor>): void {
    const { slots, timing } = this.#modules;
    // No request passes a ticket that wants its place: where one still waits after its turn, there is none for it.
    for (let started = true; started; ) {
      const first = kind === 'ticket' ? queue.firstTicket(timing.now()) : undefined;
      const jobs = kind === 'ticket' ? (first === undefined ? [] : [first]) : queue.firstRequests;
      started = jobs.some((job) => {
        if (!job.isTicket && !this.#hasRequestRoom(job, closed)) return false;
        const executor = slots.roomiest(job, closed);
        if (executor !== undefined) this.#start(job, executor);
        return executor !== undefined;
      });
    }
  }

  #placeSuspects(kind: LaneKind, closed: Set<Executor>): void {
    const { suspects, slots } = this.#modules;
    if (suspects.size === 0) return;
    placeSuspects(suspects.of(kind), {
      slots,
      closed,
      mayTake: (job, executor) => job.isTicket || this.#mayIsolateRequest(job, executor),
      start: (job, executor) => this.#start(job, executor),
    });
  }

  /** Not while a ticket waits for the executor, and not in a sequence that is held back for tickets. */
  #mayIsolateRequest(job: ScheduledJob, executor: Executor): boolean {
    for (const [model, { queue }] of this.#modules.models) {
      if (queue.tickets > 0 && executor.capacity(model) > 0) return false;
    }
    return this.#modules.slots.runningOn(executor) > 0 || this.#hasRequestRoom(job, NONE);
  }

  #hasRequestRoom(job: ScheduledJob, closed: ReadonlySet<Executor>): boolean {
    return this.#modules.slots.hasRequestRoom(job, this.#options.ticketReserve, closed);
  }

  #start(job: ScheduledJob, executor: Executor): void {
    job.leaveQueue?.();
    const now = this.#modules.timing.now();
    if (job.isTicket && !job.startedLate && job.isLate(now)) {
      job.startedLate = true;
      this.#lateTickets++;
    }
    job.queuedMs += Math.max(0, now - job.sinceMs);
    job.sinceMs = now;
    this.#modules.slots.begin(executor, job);
    this.#modules.onStart(job, executor);
    void this.#run(job, executor);
  }

  async #run(job: ScheduledJob, executor: Executor): Promise<void> {
    const { slots, onFailure } = this.#modules;
    let completion: Completion;
    try {
      if (!job.isSuspect) job.options.onStart?.();
      completion = await executor.run(job.job, job.options);
    } catch (error) {
      slots.end(executor, job);
      onFailure(job, error);
      this.dispatch();
      return;
    }
    slots.end(executor, job);
    job.speed.observe(job.workload, completion);
    job.settle.resolve({ completion, queuedMs: job.queuedMs });
    this.dispatch();
  }

  /** Ends the jobs of models whose last device was given up: waiting for their deadline would help nobody. */
  #giveUpUnserved(): void {
    const { models, slots, suspects } = this.#modules;
    for (const [model, { queue, standing }] of models) {
      if (queue.tickets + queue.requests + suspects.size === 0) continue;
      if (standing === 'expected' || slots.serves(model)) continue;
      const unserved = [...queue, ...suspects].filter((job) => job.model === model);
      for (const job of unserved) job.refuse(noDevice(model, standing, job.isTicket));
    }
  }
}
