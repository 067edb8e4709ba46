import { ModelQueue } from './model-queue.js';
import type { LaneKind } from './options.js';
import { SpeedEstimate } from './speed-estimate.js';

export interface ModelState {
  readonly queue: ModelQueue;
  readonly speed: SpeedEstimate;
  /** Tokens of a sequence; undefined where it was not declared. */
  contextSize: number | undefined;
  /**
   * `expected` on its way to its first executor: its tickets wait; `missing` where it did not come; `served` whenever
   * an executor has had it, whatever became of that.
   */
  standing: 'expected' | 'missing' | 'served';
}

/** The models that were declared, or that an executor served when a job for them came. */
export class Models {
  readonly #states = new Map<string, ModelState>();

  has(model: string): boolean {
    return this.#states.has(model);
  }

  get(model: string): ModelState {
    let state = this.#states.get(model);
    if (state === undefined) {
      state = {
        queue: new ModelQueue(),
        speed: new SpeedEstimate(),
        contextSize: undefined,
        standing: 'served',
      };
      this.#states.set(model, state);
    }
    return state;
  }

  /** Its jobs are to be ended first. */
  delete(model: string): void {
    this.#states.delete(model);
  }

  /** Jobs of a kind that wait, over all models. */
  waiting(kind: LaneKind): number {
    let sum = 0;
    for (const { queue } of this.#states.values()) sum += kind === 'ticket' ? queue.tickets : queue.requests;
    return sum;
  }

  [Symbol.iterator](): IterableIterator<[string, ModelState]> {
    return this.#states.entries();
  }
}
