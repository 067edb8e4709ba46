import { DeadlineList } from './deadline-list.js';
import type { ScheduledJob } from './scheduled-job.js';
import { type Workload, WorkloadSum } from './speed-estimate.js';

/**
 * Jobs that wait for one model, in their order: tickets that can make their deadline, earliest first; tickets
 * that by prediction cannot any more; requests as they came.
 */
export class ModelQueue {
  readonly #onTime = new DeadlineList();
  readonly #late = new DeadlineList();
  readonly #requests = new Set<ScheduledJob>();
  readonly #ticketWork = new WorkloadSum();
  readonly #requestWork = new WorkloadSum();

  get tickets(): number {
    return this.#onTime.size + this.#late.size;
  }

  get requests(): number {
    return this.#requests.size;
  }

  /** Of all tickets that wait. */
  get ticketWork(): Workload {
    return this.#ticketWork;
  }

  /** Of all requests that wait. */
  get requestWork(): Workload {
    return this.#requestWork;
  }

  add(job: ScheduledJob): void {
    if (job.isTicket) {
      this.#onTime.add(job);
      this.#ticketWork.add(job.workload);
    } else {
      this.#requests.add(job);
      this.#requestWork.add(job.workload);
    }
  }

  remove(job: ScheduledJob): void {
    if (this.#requests.delete(job)) this.#requestWork.subtract(job.workload);
    else if (this.#onTime.remove(job) || this.#late.remove(job)) this.#ticketWork.subtract(job.workload);
  }

  /** The ticket whose turn it is; it stays in the queue. */
  firstTicket(nowMs: number): ScheduledJob | undefined {
    this.#file(nowMs);
    return this.#onTime.first ?? this.#late.first;
  }

  /** The request whose turn it is; it stays in the queue. */
  get firstRequest(): ScheduledJob | undefined {
    const [request] = this.#requests;
    return request;
  }

  *[Symbol.iterator](): IterableIterator<ScheduledJob> {
    yield* this.#onTime;
    yield* this.#late;
    yield* this.#requests;
  }

  /**
   * Sorts out late tickets as far as it matters for whose turn it is. Where the model turned out faster than
   * thought, tickets come back, beginning with the latest deadline, which has the best chance.
   */
  #file(nowMs: number): void {
    for (let last = this.#late.last; last !== undefined && !last.isLate(nowMs); last = this.#late.last) {
      this.#late.remove(last);
      this.#onTime.add(last);
    }
    for (let first = this.#onTime.first; first?.isLate(nowMs); first = this.#onTime.first) {
      this.#onTime.remove(first);
      this.#late.add(first);
    }
  }
}
