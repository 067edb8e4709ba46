/** How far the download of a model is, over all of its files. */
export interface DownloadProgress {
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Of the last seconds; 0 before there is a measurement. */
  readonly bytesPerSecond: number;
}

/** The rate is that of so many ms: long enough to be steady, short enough to follow the line. */
const RATE_WINDOW_MS = 5_000;
/** Shorter than this, ms, a measurement says nothing. */
const MIN_RATE_MS = 250;

export interface MeterOptions {
  readonly totalBytes: number;
  /** What is here already. */
  readonly doneBytes: number;
  /** Between two reports, ms. */
  readonly intervalMs: number;
  readonly onProgress: (progress: DownloadProgress) => void;
  /** ms of a clock that does not jump. */
  readonly now?: () => number;
}

/** Counts the bytes of a download and tells how far it is and how fast. */
export class ProgressMeter {
  readonly #options: MeterOptions;
  readonly #now: () => number;
  #doneBytes: number;
  #receivedBytes = 0;
  #reportedAt = Number.NEGATIVE_INFINITY;
  /** What had been received when; the oldest is the first within the window. */
  readonly #samples: { readonly at: number; readonly receivedBytes: number }[] = [];

  constructor(options: MeterOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#doneBytes = options.doneBytes;
    this.#samples.push({ at: this.#now(), receivedBytes: 0 });
  }

  /** @param bytes that have come; below 0 for such as were thrown away */
  add(bytes: number): void {
    this.#doneBytes += bytes;
    this.#receivedBytes += Math.max(0, bytes);
    if (this.#now() - this.#reportedAt >= this.#options.intervalMs) this.report();
  }

  /** Reports at once. */
  report(): void {
    const now = this.#now();
    this.#reportedAt = now;
    this.#samples.push({ at: now, receivedBytes: this.#receivedBytes });
    // One older than the window stays: the window begins there.
    while ((this.#samples[1]?.at ?? now) < now - RATE_WINDOW_MS) this.#samples.shift();
    const { totalBytes, onProgress } = this.#options;
    onProgress({ doneBytes: this.#doneBytes, totalBytes, bytesPerSecond: this.#rate(now) });
  }

  #rate(now: number): number {
    const first = this.#samples[0];
    if (first === undefined || now - first.at < MIN_RATE_MS) return 0;
    return Math.round(((this.#receivedBytes - first.receivedBytes) * 1000) / (now - first.at));
  }
}
