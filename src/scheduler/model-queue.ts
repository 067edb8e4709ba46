import type { Executor } from '../core/index.js';

/** A job that waits for a sequence. */
export interface QueuedJob {
  /** ms since 1970; undefined for an RPC request, which has none. */
  readonly deadlineMs: number | undefined;
  start(executor: Executor): void;
}

/** Jobs that wait for one model: tickets by deadline, then requests in the order they came. */
export class ModelQueue {
  readonly #tickets: QueuedJob[] = [];
  readonly #requests = new Set<QueuedJob>();

  get tickets(): number {
    return this.#tickets.length;
  }

  get requests(): number {
    return this.#requests.size;
  }

  add(job: QueuedJob): void {
    if (job.deadlineMs === undefined) this.#requests.add(job);
    else this.#tickets.splice(this.#placeOf(job.deadlineMs), 0, job);
  }

  remove(job: QueuedJob): void {
    const index = this.#tickets.indexOf(job);
    if (index >= 0) this.#tickets.splice(index, 1);
    this.#requests.delete(job);
  }

  take(): QueuedJob | undefined {
    const ticket = this.#tickets.shift();
    if (ticket !== undefined) return ticket;
    const [request] = this.#requests;
    if (request !== undefined) this.#requests.delete(request);
    return request;
  }

  /** After every ticket whose deadline is not later, so that equal deadlines keep their order. */
  #placeOf(deadlineMs: number): number {
    let low = 0;
    let high = this.#tickets.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#tickets[middle]?.deadlineMs ?? 0;
      if (other <= deadlineMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
