import { setImmediate as nextTurn } from 'node:timers/promises';

/** Lets so much begin in one turn of the event loop and no more, so that everything else is served in between. */
export class Turns {
  readonly #perTurn: number;
  #begun = 0;
  #next: Promise<void> | undefined;

  constructor(options: { readonly perTurn: number }) {
    this.#perTurn = options.perTurn;
  }

  /** Resolves when one more may begin. */
  async take(): Promise<void> {
    while (this.#begun >= this.#perTurn) {
      this.#next ??= nextTurn().then(() => {
        this.#begun = 0;
        this.#next = undefined;
      });
      await this.#next;
    }
    this.#begun++;
  }
}
