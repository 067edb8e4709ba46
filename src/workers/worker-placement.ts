import type { Piscina } from 'piscina';

type Balancer = NonNullable<NonNullable<ConstructorParameters<typeof Piscina>[0]>['loadBalancer']>;

/** Which export of worker.ts runs a task: the default one, or that for jobs in a context of their own. */
export const EXCLUSIVE_TASK = 'exclusive';

/**
 * The places of a pool: `sequences` on each worker, and one more for jobs that run exclusively. A place has a number
 * as long as a job holds it; on which worker is decided as the job starts, so that each goes where there is room.
 */
export class WorkerPlacement {
  /** Places of both kinds. */
  readonly places: number;
  readonly #shared: number[];
  readonly #exclusive: number[];
  readonly #firstExclusive: number;
  /** Thread ids of the workers that run a job exclusively. */
  readonly #taken = new Set<number>();

  constructor(workers: number, sequences: number) {
    this.#firstExclusive = workers * sequences;
    this.places = this.#firstExclusive + workers;
    this.#shared = Array.from({ length: this.#firstExclusive }, (_, place) => place);
    this.#exclusive = Array.from({ length: workers }, (_, index) => this.#firstExclusive + index);
  }

  /** A place's number; undefined where all of its kind are taken. */
  take(isExclusive: boolean): number | undefined {
    return (isExclusive ? this.#exclusive : this.#shared).pop();
  }

  giveBack(place: number): void {
    (place < this.#firstExclusive ? this.#shared : this.#exclusive).push(place);
  }

  /** A worker has ended the job that it ran exclusively. */
  ended(thread: number): void {
    this.#taken.delete(thread);
  }

  /**
   * The worker with the fewest jobs of the kind. No task has to wait: there are no more of them than places, so a
   * worker with room is always there.
   */
  readonly balance: Balancer = (task, workers) => {
    const isExclusive = task.name === EXCLUSIVE_TASK;
    const load = ({ id, currentUsage }: (typeof workers)[number]): number => {
      const taken = this.#taken.has(id) ? 1 : 0;
      return isExclusive ? taken : currentUsage - taken;
    };
    const [first, ...others] = workers;
    if (first === undefined) return null;
    const chosen = others.reduce((best, other) => (load(other) < load(best) ? other : best), first);
    if (isExclusive) this.#taken.add(chosen.id);
    return chosen;
  };
}
