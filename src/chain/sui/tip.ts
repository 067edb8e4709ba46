import type { ChainStatus } from '../chain.js';

/** What is known of the chain's newest state, from whichever stream saw it. */
export class Tip {
  #checkpoint: ChainStatus['checkpoint'];
  #live = 0;

  get checkpoint(): ChainStatus['checkpoint'] {
    return this.#checkpoint;
  }

  /** Whether at least one stream is live. */
  get following(): boolean {
    return this.#live > 0;
  }

  /** Only a newer checkpoint counts: a chain that stands still must look old. */
  observe(sequence: bigint | undefined): void {
    if (sequence === undefined) return;
    if (this.#checkpoint !== undefined && sequence <= this.#checkpoint.sequence) return;
    this.#checkpoint = { sequence, seenAtMs: Date.now() };
  }

  /** Counts a live stream until the returned function is called. */
  enterLive(): () => void {
    this.#live++;
    return () => {
      this.#live--;
    };
  }
}
