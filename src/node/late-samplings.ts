import type { Logger } from 'pino';
import type { Chain } from '../chain/index.js';
import { Backoff, messageOf, pause } from '../core/index.js';
import type { Journal, Sampling } from '../tickets/index.js';
import { untilWritten } from './durable-write.js';

const RETRY = { firstMs: 200, maxMs: 5000 };

interface Modules {
  readonly chain: Chain;
  readonly journal: Journal;
  /** @param seenAtMs when their prompts were found, ms since 1970 */
  readonly onTickets: (ids: readonly string[], seenAtMs: number) => void;
  readonly logger: Logger;
}

/** Tickets that this node was sampled for later and whose prompt it has not seen: reads them from the chain. */
export class LateSamplings {
  readonly #modules: Modules;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #again = false;

  constructor(modules: Modules) {
    this.#modules = modules;
  }

  /** Looks for the prompts of all samplings in the journal. */
  resolve(): void {
    this.#again = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Looks no further; what was not found stays in the journal. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const backoff = new Backoff(RETRY);
    while (this.#again && !signal.aborted) {
      this.#again = false;
      let left = 0;
      for (const sampling of this.#modules.journal.samplings()) {
        if (!(await this.#find(sampling, signal))) left++;
        if (signal.aborted) return;
      }
      if (left === 0) backoff.reset();
      else {
        this.#again = true;
        await pause(backoff.next(), signal);
      }
    }
  }

  /** @returns whether the search for this one is over */
  async #find(sampling: Sampling, signal: AbortSignal): Promise<boolean> {
    const { chain, logger } = this.#modules;
    const { ticketId, deadlineMs } = sampling;
    try {
      const prompt = await chain.findPrompt(ticketId, signal);
      // The endpoint's index can trail the stream that the sampling came by.
      if (prompt === undefined && Date.now() < deadlineMs) return false;
      await this.#conclude(sampling, prompt, signal);
      return true;
    } catch (error) {
      if (!signal.aborted) {
        logger.warn({ ticket: ticketId }, `cannot read a prompt from the chain: ${messageOf(error)}`);
      }
      return false;
    }
  }

  async #conclude(
    { ticketId, leafIndex, deadlineMs }: Sampling,
    prompt: Awaited<ReturnType<Chain['findPrompt']>>,
    signal: AbortSignal,
  ): Promise<void> {
    const { journal, onTickets, logger } = this.#modules;
    const seenAtMs = Date.now();
    const opened = await untilWritten(
      () =>
        journal.transaction(() => {
          journal.dropSampling(ticketId);
          return prompt !== undefined && journal.open(prompt, leafIndex, deadlineMs);
        }),
      { signal, logger },
    );
    if (opened) onTickets([ticketId], seenAtMs);
    else if (prompt === undefined) {
      logger.error(
        { ticket: ticketId },
        'missed: sampled later for a ticket whose prompt the endpoint does not have',
      );
    }
  }
}
