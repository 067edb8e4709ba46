import { type MultiBar, Presets, MultiBar as ProgressBars, type SingleBar } from 'cli-progress';
import type { Logger } from 'pino';
import { describeProgress, type ModelProgress } from '../node/index.js';

/** Between two log lines about one model, ms: often enough to see that it goes on. */
const LOG_INTERVAL_MS = 3000;

/** Shows how far models are downloaded and loaded: bars on a terminal, a log line every few seconds elsewhere. */
export class LoadProgressReport {
  readonly #logger: Logger;
  readonly #bars: MultiBar | undefined;
  readonly #shown = new Map<string, SingleBar>();
  readonly #loggedAt = new Map<string, number>();

  constructor(modules: { readonly logger: Logger; readonly terminal: boolean }) {
    this.#logger = modules.logger;
    this.#bars = modules.terminal
      ? new ProgressBars(
          {
            format: '{bar} {text}',
            hideCursor: true,
            stream: process.stderr,
            clearOnComplete: true,
          },
          Presets.shades_classic,
        )
      : undefined;
  }

  readonly update = (progress: ModelProgress): void => {
    if (this.#bars === undefined) this.#log(progress);
    else this.#bar(progress, this.#bars);
  };

  /** Takes the bars off the terminal. */
  stop(): void {
    this.#bars?.stop();
  }

  #bar(progress: ModelProgress, bars: MultiBar): void {
    const key = keyOf(progress);
    const bar = this.#shown.get(key) ?? bars.create(100, 0, { text: '' });
    this.#shown.set(key, bar);
    bar.update(Math.round(fractionOf(progress) * 100), { text: describeProgress(progress) });
  }

  #log(progress: ModelProgress): void {
    const key = keyOf(progress);
    const now = performance.now();
    const last = this.#loggedAt.get(key);
    const isDue = last !== undefined && now - last >= LOG_INTERVAL_MS;
    if (last === undefined || isDue) this.#loggedAt.set(key, now);
    if (isDue) {
      const percent = Math.round(fractionOf(progress) * 100);
      this.#logger.info({ model: progress.model, percent }, describeProgress(progress));
    }
  }
}

/** A download is one for all devices of its model, a load is one of each. */
function keyOf(progress: ModelProgress): string {
  return progress.stage === 'load' ? `${progress.model} on ${progress.device}` : progress.model;
}

function fractionOf(progress: ModelProgress): number {
  if (progress.stage === 'load') return progress.fraction;
  return progress.totalBytes === 0 ? 0 : progress.doneBytes / progress.totalBytes;
}
