/** Checkpoints come several times a second, and progress with them: a stream silent for so long hung. */
const HUNG_MS = 2_000;
/** What piled up while a stream hung comes within so long of its first frame. */
const CATCH_UP_MS = 1_000;

/**
 * Tells when live frames were made. They are younger than a second when they come, unless the stream hung:
 * then nobody knows how long they were under way.
 */
export class LiveClock {
  readonly #now: () => number;
  #lastMs: number | undefined;
  #doubtUntilMs = Number.NEGATIVE_INFINITY;

  /** @param now ms since 1970 */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** When a frame that came this moment was made, ms since 1970; undefined where that is not known. */
  arrival(): number | undefined {
    const now = this.#now();
    if (this.#lastMs !== undefined && now - this.#lastMs > HUNG_MS) this.#doubtUntilMs = now + CATCH_UP_MS;
    this.#lastMs = now;
    return now < this.#doubtUntilMs ? undefined : now;
  }
}
