import type { Executor } from '../core/index.js';
import { DeadlineList } from './deadline-list.js';
import type { ExecutorSlots } from './executor-slots.js';
import type { LaneKind } from './options.js';
import type { ScheduledJob } from './scheduled-job.js';

/** Jobs under which a device died, waiting to be run alone. */
export class Suspects {
  readonly #tickets = new DeadlineList();
  readonly #requests = new DeadlineList();

  get tickets(): number {
    return this.#tickets.size;
  }

  get size(): number {
    return this.#tickets.size + this.#requests.size;
  }

  add(job: ScheduledJob): void {
    (job.isTicket ? this.#tickets : this.#requests).add(job);
  }

  remove(job: ScheduledJob): void {
    (job.isTicket ? this.#tickets : this.#requests).remove(job);
  }

  /** Of all models, tickets by deadline, or requests as they came. */
  of(kind: LaneKind): readonly ScheduledJob[] {
    return [...(kind === 'ticket' ? this.#tickets : this.#requests)];
  }

  [Symbol.iterator](): IterableIterator<ScheduledJob> {
    return [...this.#tickets, ...this.#requests].values();
  }
}

/** What a turn of placing suspects decides. */
interface Placement {
  readonly slots: ExecutorSlots;
  /** Executors that take none of the jobs after these: a suspect runs there, or is to. Grows here. */
  readonly closed: Set<Executor>;
  /** Whether the job may take this executor, which is open and holds its model. */
  readonly mayTake: (job: ScheduledJob, executor: Executor) => boolean;
  readonly start: (job: ScheduledJob, executor: Executor) => void;
}

/**
 * Starts suspects on idle executors. Where none is idle, the least busy one is closed to new jobs until it is:
 * one at a time for each model, so that the others go on. Which one is decided anew at every turn: a closed
 * executor only gets emptier, so the choice moves only to one that is emptier still.
 */
export function placeSuspects(suspects: readonly ScheduledJob[], placement: Placement): void {
  const { slots, closed, mayTake, start } = placement;
  const draining: Executor[] = [];
  for (const job of suspects) {
    const executor = slots.leastBusy(job.model, (other) => !closed.has(other) && mayTake(job, other));
    if (executor === undefined) continue;
    if (slots.runningOn(executor) === 0) {
      closed.add(executor);
      start(job, executor);
    } else if (!draining.some((other) => other.capacity(job.model) > 0)) {
      closed.add(executor);
      draining.push(executor);
    }
  }
}
