import { AtomaError } from '../../core/index.js';
import { catalogued } from '../error-catalogue.js';

/**
 * The calls that one client has running. Each gets an abort signal of its own: hundreds of listeners on a
 * shared one would be taken for a leak by Node.
 */
export class CallScope {
  readonly #maxCalls: number;
  readonly #running = new Set<AbortController>();
  #ended: Error | undefined;

  constructor(options: { readonly maxCalls: number }) {
    this.#maxCalls = options.maxCalls;
  }

  /**
   * Runs a call; its signal aborts when the client goes away.
   * @throws AtomaError `too_many_calls`, `cancelled` where the client is gone already.
   */
  async run<T>(call: (signal: AbortSignal) => T | Promise<T>): Promise<T> {
    if (this.#ended !== undefined) throw this.#ended;
    if (this.#running.size >= this.#maxCalls) {
      throw catalogued(
        'too_many_calls',
        `${this.#running.size} calls of this client are running, which is the most at once; wait for an answer first.`,
        { limit: this.#maxCalls },
      );
    }
    const controller = new AbortController();
    this.#running.add(controller);
    try {
      return await call(controller.signal);
    } catch (error) {
      // A call that was cancelled says so; why, is known here.
      throw error instanceof AtomaError && error.code === 'cancelled' ? (this.#ended ?? error) : error;
    } finally {
      this.#running.delete(controller);
    }
  }

  /** Cancels what runs and refuses what comes. */
  end(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = catalogued('cancelled', reason);
    for (const controller of this.#running) controller.abort(this.#ended);
  }
}
