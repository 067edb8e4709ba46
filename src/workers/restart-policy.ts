import { Backoff } from '../core/index.js';
import type { RestartOptions } from './device-options.js';

/** Decides after each death of a device process whether and when the next one starts. */
export class RestartPolicy {
  readonly #options: RestartOptions;
  readonly #backoff: Backoff;
  #deaths = 0;

  constructor(options: RestartOptions) {
    this.#options = options;
    this.#backoff = new Backoff({ firstMs: options.firstBackoffMs, maxMs: options.maxBackoffMs });
  }

  /** Deaths in a row without a good run between them. */
  get deaths(): number {
    return this.#deaths;
  }

  /**
   * @param ranMs how long the process had been ready, in ms; 0 where it did not get there
   * @returns how long to wait before the next start, in ms; undefined where there is to be none
   */
  afterDeath(ranMs: number): number | undefined {
    if (ranMs >= this.#options.goodRunMs) {
      this.#deaths = 0;
      this.#backoff.reset();
    }
    this.#deaths++;
    return this.#deaths >= this.#options.quarantineDeaths ? undefined : this.#backoff.next();
  }
}
