import type { Principal } from '../access/principal.js';
import { catalogued } from '../error-catalogue.js';

interface Running {
  readonly owner: string;
  readonly controller: AbortController;
}

/** The requests of `atoma_generate` that wait or run, by id: whose they are, and how to end them. */
export class RunningRequests {
  readonly #running = new Map<string, Running>();

  /**
   * Runs a request; its signal aborts where the request is cancelled.
   * @param owner who alone may cancel it
   * @throws AtomaError `request_id_in_use`, and what `run` throws
   */
  async run<T>(id: string, owner: Principal, run: (controller: AbortController) => Promise<T>): Promise<T> {
    if (this.#running.has(id)) {
      throw catalogued('request_id_in_use', `A request ${id} is running already; choose another request_id.`);
    }
    const controller = new AbortController();
    this.#running.set(id, { owner: owner.id, controller });
    try {
      return await run(controller);
    } finally {
      this.#running.delete(id);
    }
  }

  /** Ends a request of this principal; false where there is none: that of another one is not told of. */
  cancel(id: string, { id: owner }: Principal): boolean {
    const running = this.#running.get(id);
    if (running === undefined || running.owner !== owner) return false;
    running.controller.abort(catalogued('cancelled', 'The client cancelled this request.'));
    return true;
  }
}
