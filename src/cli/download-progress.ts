import { Presets, SingleBar } from 'cli-progress';
import type { Logger } from 'pino';
import { formatBytes } from '../core/index.js';
import type { DownloadProgress } from '../models/index.js';
import { writeLine } from './exit.js';
import { secondsText } from './text-layout.js';

/** Between two log lines, ms: a download of hours is not to fill the log. */
const LOG_INTERVAL_MS = 10_000;
/** Between two NDJSON lines, ms. */
const LINE_INTERVAL_MS = 1_000;

export interface DownloadReportModules {
  readonly logger: Logger;
  readonly terminal: boolean;
  readonly json: boolean;
}

/** Shows how far a download is: a bar on a terminal, now and then a log line elsewhere; NDJSON where asked for. */
export class DownloadReport {
  readonly #model: string;
  readonly #modules: DownloadReportModules;
  readonly #bar: SingleBar | undefined;
  #isStarted = false;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(model: string, modules: DownloadReportModules) {
    this.#model = model;
    this.#modules = modules;
    const format = 'downloading {model} {bar} {percentage}% of {size} {rate} {left}';
    this.#bar = modules.terminal
      ? new SingleBar(
          { format, hideCursor: true, stream: process.stderr, clearOnComplete: true },
          Presets.shades_classic,
        )
      : undefined;
  }

  readonly update = (progress: DownloadProgress): void => {
    const isEnd = progress.doneBytes >= progress.totalBytes;
    if (this.#bar !== undefined) this.#draw(this.#bar, progress);
    const isDue = isEnd || this.#isDue(this.#modules.json ? LINE_INTERVAL_MS : LOG_INTERVAL_MS);
    if (!isDue) return;
    if (this.#modules.json) writeLine({ type: 'progress', model: this.#model, ...lineOf(progress) });
    else if (this.#bar === undefined) this.#log(progress);
  };

  /** Takes the bar off the terminal. */
  stop(): void {
    if (this.#isStarted) this.#bar?.stop();
  }

  #draw(bar: SingleBar, progress: DownloadProgress): void {
    const { doneBytes, totalBytes, bytesPerSecond } = progress;
    const seconds = secondsLeft(progress);
    const shown = {
      model: this.#model,
      size: formatBytes(totalBytes),
      rate: bytesPerSecond > 0 ? `${formatBytes(bytesPerSecond)}/s` : '',
      left: seconds === undefined ? '' : `${secondsText(seconds)} left`,
    };
    if (!this.#isStarted) bar.start(totalBytes, doneBytes, shown);
    else bar.update(doneBytes, shown);
    this.#isStarted = true;
  }

  #log(progress: DownloadProgress): void {
    const { doneBytes, totalBytes, bytesPerSecond } = progress;
    const seconds = secondsLeft(progress);
    const left = seconds === undefined ? {} : { left: secondsText(seconds) };
    const sizes = {
      done: formatBytes(doneBytes),
      total: formatBytes(totalBytes),
      rate: `${formatBytes(bytesPerSecond)}/s`,
    };
    this.#modules.logger.info({ model: this.#model, ...sizes, ...left }, 'downloading the model');
  }

  #isDue(intervalMs: number): boolean {
    const now = performance.now();
    if (now - this.#toldAt < intervalMs) return false;
    this.#toldAt = now;
    return true;
  }
}

function secondsLeft({ doneBytes, totalBytes, bytesPerSecond }: DownloadProgress): number | undefined {
  return bytesPerSecond > 0 ? (totalBytes - doneBytes) / bytesPerSecond : undefined;
}

function lineOf(progress: DownloadProgress): Record<string, unknown> {
  const seconds = secondsLeft(progress);
  return {
    done_bytes: progress.doneBytes,
    total_bytes: progress.totalBytes,
    bytes_per_second: progress.bytesPerSecond,
    seconds_left: seconds === undefined ? null : Math.ceil(seconds),
  };
}
