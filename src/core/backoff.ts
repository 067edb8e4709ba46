import { setTimeout as sleep } from 'node:timers/promises';

export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * Waiting times that double up to a cap, each with half of it at random, so that many nodes do not return
 * to a full node at the same instant.
 */
export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** The next waiting time in ms. */
  next(): number {
    const { firstMs, maxMs } = this.#options;
    const ceiling = Math.min(maxMs, firstMs * 2 ** this.#failures);
    if (ceiling < maxMs) this.#failures++;
    return Math.round(ceiling * (0.5 + Math.random() / 2));
  }

  /** After a success: start from the first waiting time again. */
  reset(): void {
    this.#failures = 0;
  }
}

/** Waits; returns early, without an error, when `signal` aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
