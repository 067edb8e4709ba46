import { type MultiBar, Presets, MultiBar as ProgressBars, type SingleBar } from 'cli-progress';
import type { Logger } from 'pino';

/** Between two log lines about one model's loading, ms: often enough to see that it lives. */
const LOG_INTERVAL_MS = 3000;

/** Shows how far models are loaded: bars on a terminal, a log line every few seconds elsewhere. */
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
            format: 'loading {model} {bar} {percentage}%',
            hideCursor: true,
            stream: process.stderr,
            clearOnComplete: true,
          },
          Presets.shades_classic,
        )
      : undefined;
  }

  readonly update = (model: string, fraction: number): void => {
    if (this.#bars !== undefined) this.#bar(model, this.#bars).update(Math.round(fraction * 100));
    else this.#log(model, fraction);
  };

  /** Takes the bars off the terminal. */
  stop(): void {
    this.#bars?.stop();
  }

  #bar(model: string, bars: MultiBar): SingleBar {
    const bar = this.#shown.get(model) ?? bars.create(100, 0, { model });
    this.#shown.set(model, bar);
    return bar;
  }

  #log(model: string, fraction: number): void {
    const now = performance.now();
    const last = this.#loggedAt.get(model);
    this.#loggedAt.set(model, last === undefined || now - last >= LOG_INTERVAL_MS ? now : last);
    if (last !== undefined && now - last >= LOG_INTERVAL_MS) {
      this.#logger.info({ model, percent: Math.round(fraction * 100) }, 'loading the model');
    }
  }
}
