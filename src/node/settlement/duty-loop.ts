import type { Logger } from 'pino';
import { AtomaError, messageOf, pause } from '../../core/index.js';

/** So soon what others have written into the journal is seen, without anybody telling: a look at an index. */
const MAX_SLEEP_MS = 1000;
/** After a failure, such as a journal that cannot be written. */
const FAILURE_PAUSE_MS = 2000;
/** What was due and is due again at once, by some mistake, does not keep a core busy. */
const MIN_SLEEP_MS = 20;

export interface Duties {
  /** Does what is due now. */
  readonly attend: (signal: AbortSignal) => Promise<void>;
  /** When something is due next, ms since 1970. */
  readonly nextDue: () => number | undefined;
}

/** Attends to what the journal says is due, from start to stop. */
export class DutyLoop {
  readonly #duties: Duties;
  readonly #logger: Logger;
  readonly #stopping = new AbortController();
  #sleep = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(modules: { readonly duties: Duties; readonly logger: Logger }) {
    this.#duties = modules.duties;
    this.#logger = modules.logger;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Looks now: something may be due. */
  wake(): void {
    this.#sleep.abort();
  }

  /** Ends what runs; what was not done stays in the journal. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#sleep.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      this.#sleep = new AbortController();
      const sleepMs = await this.#attend(signal);
      if (signal.aborted) return;
      await pause(sleepMs, this.#sleep.signal);
    }
  }

  /** @returns how long there is nothing to do, ms */
  async #attend(signal: AbortSignal): Promise<number> {
    try {
      await this.#duties.attend(signal);
      const dueMs = this.#duties.nextDue() ?? Number.POSITIVE_INFINITY;
      return Math.min(Math.max(dueMs - Date.now(), MIN_SLEEP_MS), MAX_SLEEP_MS);
    } catch (error) {
      if (signal.aborted) return 0;
      const code = error instanceof AtomaError ? error.code : 'internal';
      this.#logger.warn({ code }, `what is due for settlements waits: ${messageOf(error)}`);
      return FAILURE_PAUSE_MS;
    }
  }
}
