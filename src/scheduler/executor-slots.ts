import type { Executor } from '../core/index.js';
import type { ScheduledJob } from './scheduled-job.js';

/** Which jobs run on which executor, and where there is room. */
export class ExecutorSlots {
  readonly #running = new Map<Executor, Set<ScheduledJob>>();
  #total = 0;

  constructor(executors: readonly Executor[]) {
    for (const executor of executors) this.add(executor);
  }

  add(executor: Executor): void {
    if (!this.#running.has(executor)) this.#running.set(executor, new Set());
  }

  /** It gets no more jobs; those that run on it go on. */
  remove(executor: Executor): void {
    this.#running.delete(executor);
  }

  /** Jobs that run, over all executors. */
  get total(): number {
    return this.#total;
  }

  begin(executor: Executor, job: ScheduledJob): void {
    this.#running.get(executor)?.add(job);
    this.#total++;
  }

  end(executor: Executor, job: ScheduledJob): void {
    this.#running.get(executor)?.delete(job);
    this.#total--;
  }

  capacity(model: string): number {
    let sum = 0;
    for (const executor of this.#running.keys()) sum += executor.capacity(model);
    return sum;
  }

  /** Whether an executor is there for the model, or on its way back. */
  serves(model: string): boolean {
    for (const executor of this.#running.keys()) if (executor.serves(model)) return true;
    return false;
  }

  /** The jobs of a model that run, on whichever executor. */
  runningFor(model: string): readonly ScheduledJob[] {
    return [...this.#running.values()].flatMap((jobs) => [...jobs].filter((job) => job.model === model));
  }

  /** Jobs of every model on one executor. */
  runningOn(executor: Executor): number {
    return this.#running.get(executor)?.size ?? 0;
  }

  /** Executors on which a suspect runs, which has to be alone. */
  isolated(): Set<Executor> {
    const isolated = new Set<Executor>();
    for (const [executor, jobs] of this.#running) {
      const [only] = jobs;
      if (only?.isSuspect) isolated.add(executor);
    }
    return isolated;
  }

  /** The executor with the most free sequences of a model. */
  roomiest(model: string, closed: ReadonlySet<Executor>): Executor | undefined {
    let best: Executor | undefined;
    let bestRoom = 0;
    for (const [executor, jobs] of this.#running) {
      if (closed.has(executor)) continue;
      const room = executor.capacity(model) - count(jobs, (job) => job.model === model);
      if (room > bestRoom) {
        best = executor;
        bestRoom = room;
      }
    }
    return best;
  }

  /** The executor with the fewest jobs among those that hold the model. */
  leastBusy(model: string, isAllowed: (executor: Executor) => boolean): Executor | undefined {
    let best: Executor | undefined;
    let fewest = Number.POSITIVE_INFINITY;
    for (const [executor, jobs] of this.#running) {
      if (executor.capacity(model) > 0 && jobs.size < fewest && isAllowed(executor)) {
        best = executor;
        fewest = jobs.size;
      }
    }
    return best;
  }

  /**
   * Whether one more request leaves the tickets' sequences free: over all executors, and over those that are
   * not closed, for only these can take a ticket.
   */
  hasRequestRoom(model: string, reserve: number, closed: ReadonlySet<Executor>): boolean {
    const [all, open] = [
      { capacity: 0, requests: 0 },
      { capacity: 0, requests: 0 },
    ];
    for (const [executor, jobs] of this.#running) {
      const capacity = executor.capacity(model);
      const requests = count(jobs, (job) => job.model === model && !job.isTicket);
      for (const sum of closed.has(executor) ? [all] : [all, open]) {
        sum.capacity += capacity;
        sum.requests += requests;
      }
    }
    return [all, open].every((sum) => sum.requests < requestSlots(sum.capacity, reserve));
  }
}

/** How many of `capacity` sequences requests may occupy where the share `reserve` is held back for tickets. */
export function requestSlots(capacity: number, reserve: number): number {
  const held = Math.min(Math.ceil(capacity * reserve), Math.max(0, capacity - 1));
  return capacity - held;
}

function count(jobs: ReadonlySet<ScheduledJob>, matches: (job: ScheduledJob) => boolean): number {
  let found = 0;
  for (const job of jobs) if (matches(job)) found++;
  return found;
}
