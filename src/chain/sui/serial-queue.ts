interface Waiting {
  readonly order: number;
  readonly start: () => Promise<void>;
}

/**
 * Runs one piece of work after another: of those waiting the one with the lowest order, and of equal ones the
 * one that came first. A failure does not hold up the next one.
 */
export class SerialQueue {
  /** In the order in which they run. */
  readonly #waiting: Waiting[] = [];
  #busy = false;

  /** @param order such as a deadline; without one, after all that have one */
  run<T>(work: () => Promise<T>, order: number = Number.POSITIVE_INFINITY): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const start = async (): Promise<void> => {
        try {
          resolve(await work());
        } catch (error) {
          reject(error);
        }
      };
      const before = this.#waiting.findLastIndex((other) => other.order <= order);
      this.#waiting.splice(before + 1, 0, { order, start });
      void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    // What is handed over in the same tick is ordered before the first of it starts.
    await Promise.resolve();
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      await next.start();
    }
    this.#busy = false;
  }
}
