import { DeadlineList } from './deadline-list.js';
import type { JobKind, ScheduledJob } from './scheduled-job.js';
import { type Workload, WorkloadSum } from './speed-estimate.js';

/**
 * Jobs that wait for one model, in their order: tickets that can make their deadline, earliest first; tickets
 * that by prediction cannot any more; requests as they came, those that are to be reproducible apart.
 */
export class ModelQueue {
  readonly #onTime = new DeadlineList();
  readonly #late = new DeadlineList();
  readonly #requests: Record<JobKind, Set<ScheduledJob>> = { plain: new Set(), reproducible: new Set() };
  readonly #ticketWork = new WorkloadSum();
  readonly #requestWork: Record<JobKind, WorkloadSum> = {
    plain: new WorkloadSum(),
    reproducible: new WorkloadSum(),
  };

  get tickets(): number {
    return this.#onTime.size + this.#late.size;
  }

  get requests(): number {
    return this.#requests.plain.size + this.#requests.reproducible.size;
  }

  /** Of all tickets that wait. */
  get ticketWork(): Workload {
    return this.#ticketWork;
  }

  /** Of all requests of a kind that wait. */
  requestWork(kind: JobKind): Workload {
    return this.#requestWork[kind];
  }

  add(job: ScheduledJob): void {
    if (job.isTicket) {
      this.#onTime.add(job);
      this.#ticketWork.add(job.workload);
    } else {
      this.#requests[job.kind].add(job);
      this.#requestWork[job.kind].add(job.workload);
    }
  }

  remove(job: ScheduledJob): void {
    if (this.#requests[job.kind].delete(job)) this.#requestWork[job.kind].subtract(job.workload);
    else if (this.#onTime.remove(job) || this.#late.remove(job)) this.#ticketWork.subtract(job.workload);
  }

  /** The ticket whose turn it is; it stays in the queue. */
  firstTicket(nowMs: number): ScheduledJob | undefined {
    this.#file(nowMs);
    return this.#onTime.first ?? this.#late.first;
  }

  /** The first request of each kind, in the order they came: where one finds no room, the other may. They stay. */
  get firstRequests(): readonly ScheduledJob[] {
    const [plain] = this.#requests.plain;
    const [reproducible] = this.#requests.reproducible;
    return [plain, reproducible].filter((job) => job !== undefined).sort((a, b) => a.order - b.order);
  }

  *[Symbol.iterator](): IterableIterator<ScheduledJob> {
    yield* this.#onTime;
    yield* this.#late;
    yield* this.#requests.plain;
    yield* this.#requests.reproducible;
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
