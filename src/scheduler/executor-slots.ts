import type { Executor } from '../core/index.js';
import type { JobKind, ScheduledJob } from './scheduled-job.js';

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

  /** Places of both kinds. */
  capacity(model: string): number {
    let sum = 0;
    for (const executor of this.#running.keys()) {
      sum += executor.capacity(model) + (executor.exclusiveCapacity?.(model) ?? 0);
    }
    return sum;
  }

  /** Whether plain and reproducible jobs of a model take different places on every executor that has it. */
  areApart(model: string): boolean {
    const holders = [...this.#running.keys()].filter((executor) => executor.capacity(model) > 0);
    return holders.length > 0 && holders.every((one) => one.exclusiveCapacity?.(model) !== undefined);
  }

  /** What jobs of a kind find on each executor that has places for the model. */
  places(model: string, kind: JobKind): readonly Places[] {
    return [...this.#running]
      .map(([executor, jobs]) => placesOn(executor, jobs, { model, kind }))
      .filter(({ capacity }) => capacity > 0);
  }

  /** Whether an executor is there for the model, or on its way back. */
  serves(model: string): boolean {
    for (const executor of this.#running.keys()) if (executor.serves(model)) return true;
    return false;
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

  /** The executor with the most free places for a job. */
  roomiest(job: Pick<ScheduledJob, 'model' | 'kind'>, closed: ReadonlySet<Executor>): Executor | undefined {
    let best: Executor | undefined;
    let bestRoom = 0;
    for (const [executor, jobs] of this.#running) {
      if (closed.has(executor)) continue;
      const places = placesOn(executor, jobs, job);
      const room = places.capacity - places.running.length;
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
   * Whether one more request leaves the tickets' places free: over all executors, and over those that are
   * not closed, for only these can take a ticket.
   */
  hasRequestRoom(
    request: Pick<ScheduledJob, 'model' | 'kind'>,
    reserve: number,
    closed: ReadonlySet<Executor>,
  ): boolean {
    const { model, kind } = request;
    const all = this.places(model, kind);
    const open = all.filter(({ executor }) => !closed.has(executor));
    return [all, open].every((places) => requestsOn(places) < requestSlots(capacityOf(places), reserve));
  }
}

/** The places on an executor for which a job competes, and the jobs that have them. */
export interface Places {
  readonly executor: Executor;
  readonly capacity: number;
  /** Tickets take them, too. */
  readonly forTickets: boolean;
  readonly running: readonly ScheduledJob[];
}

function placesOn(
  executor: Executor,
  jobs: ReadonlySet<ScheduledJob>,
  { model, kind }: Pick<ScheduledJob, 'model' | 'kind'>,
): Places {
  const ofModel = [...jobs].filter((job) => job.model === model);
  const exclusive = executor.exclusiveCapacity?.(model);
  if (exclusive === undefined) {
    return { executor, capacity: executor.capacity(model), forTickets: true, running: ofModel };
  }
  const running = ofModel.filter((job) => job.kind === kind);
  return kind === 'reproducible'
    ? { executor, capacity: exclusive, forTickets: true, running }
    : { executor, capacity: executor.capacity(model), forTickets: false, running };
}

/** Sums of places: those that tickets take, and those that they leave to others. */
export function capacityOf(places: readonly Places[]): PlaceSums {
  const sum = (forTickets: boolean): number =>
    places.reduce((total, one) => total + (one.forTickets === forTickets ? one.capacity : 0), 0);
  return { shared: sum(true), untouched: sum(false) };
}

/** How many places there are for requests and tickets, and for requests alone. */
export interface PlaceSums {
  readonly shared: number;
  readonly untouched: number;
}

function requestsOn(places: readonly Places[]): number {
  return places.reduce((total, { running }) => total + running.filter((job) => !job.isTicket).length, 0);
}

/**
 * How many places requests may occupy where the share `reserve` of those that tickets take, too, is held back for them.
 */
export function requestSlots({ shared, untouched }: PlaceSums, reserve: number): number {
  const held = Math.min(Math.ceil(shared * reserve), Math.max(0, shared - 1));
  return shared - held + untouched;
}
