import type { Logger } from 'pino';
import type { Chain } from '../chain/index.js';
import { Backoff, messageOf, pause } from '../core/index.js';
import type { Journal, Sampling } from '../tickets/index.js';
import { untilWritten } from './durable-write.js';

const RETRY = { firstMs: 200, maxMs: 5000 };

interface Modules {
  readonly chain: Chain;
  readonly journal: Journal;
  readonly onTickets: (ids: readonly string[]) => void;
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
    const { journal, logger } = this.#modules;
    const { signal } = this.#stopping;
    const backoff = new Backoff(RETRY);
    while (this.#again && !signal.aborted) {
      this.#again = false;
      for (const sampling of journal.samplings()) {
        try {
          await this.#find(sampling, signal);
          backoff.reset();
        } catch (error) {
          if (signal.aborted) return;
          logger.warn(
            { ticket: sampling.ticketId },
            `cannot read a prompt from the chain: ${messageOf(error)}`,
          );
          this.#again = true;
          await pause(backoff.next(), signal);
        }
      }
    }
  }

  async #find(sampling: Sampling, signal: AbortSignal): Promise<void> {
    const { chain, journal, onTickets, logger } = this.#modules;
    const { ticketId, leafIndex, deadlineMs } = sampling;
    const prompt = await chain.findPrompt(ticketId, signal);
    const opened = await untilWritten(
      () =>
        journal.transaction(() => {
          journal.dropSampling(ticketId);
          return prompt !== undefined && journal.open(prompt, leafIndex, deadlineMs);
        }),
      { signal, logger },
    );
    if (opened) onTickets([ticketId]);
    else if (prompt === undefined) {
      logger.error(
        { ticket: ticketId },
        'missed: sampled later for a ticket whose prompt the endpoint no longer has',
      );
    }
  }
}
