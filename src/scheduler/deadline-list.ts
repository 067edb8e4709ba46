import type { ScheduledJob } from './scheduled-job.js';

/**
 * Jobs by deadline, equal ones in the order they came. A sorted array: with 10 000 jobs an insertion in the
 * middle moves 40 KB, which takes microseconds, and the usual ones at either end move next to nothing.
 */
export class DeadlineList {
  readonly #jobs: ScheduledJob[] = [];

  get size(): number {
    return this.#jobs.length;
  }

  get first(): ScheduledJob | undefined {
    return this.#jobs[0];
  }

  get last(): ScheduledJob | undefined {
    return this.#jobs.at(-1);
  }

  add(job: ScheduledJob): void {
    this.#jobs.splice(this.#placeOf(job), 0, job);
  }

  /** Whether it was there. */
  remove(job: ScheduledJob): boolean {
    const index = this.#placeOf(job);
    if (this.#jobs[index] !== job) return false;
    if (index === 0) this.#jobs.shift();
    else this.#jobs.splice(index, 1);
    return true;
  }

  [Symbol.iterator](): IterableIterator<ScheduledJob> {
    return this.#jobs.values();
  }

  /** Index of the first job that is not before this one. */
  #placeOf(job: ScheduledJob): number {
    let low = 0;
    let high = this.#jobs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#jobs[middle];
      if (other !== undefined && isBefore(other, job)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function isBefore(a: ScheduledJob, b: ScheduledJob): boolean {
  return a.deadlineMs < b.deadlineMs || (a.deadlineMs === b.deadlineMs && a.order < b.order);
}
