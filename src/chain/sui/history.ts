import { GrpcTypes } from '@mysten/sui/grpc';
import { normalizeSuiAddress } from '@mysten/sui/utils';
import type { Logger } from 'pino';
import { AtomaError, type ChainEvent, type PromptEvent } from '../../core/index.js';
import { backfill } from './backfill.js';
import { CheckpointTimes } from './checkpoint-times.js';
import type { Endpoint } from './endpoint.js';
import { type EventSource, StreamFault } from './event-source.js';
import { linkAbort } from './linked-abort.js';
import { cancelled, chainUnavailable } from './rpc-errors.js';
import { stampOwn } from './time-stamps.js';

const { ITEM_LIMIT, SCAN_LIMIT } = GrpcTypes.QueryEndReason;
const PROMPT_TYPE = 'gate::Text2TextPromptEvent';
/** A ticket that is open is minutes old: thousands of prompts ago on the busiest network, not tens of thousands. */
const SEARCHED_PAGES = 32;

interface HistoryOptions {
  /** Whose prompts carry their time. */
  readonly smallId: bigint;
}

interface HistoryModules {
  readonly source: EventSource;
  readonly endpoint: Endpoint;
  readonly logger: Logger;
}

/** The past of a package's events, as far back as the endpoint keeps it. */
export class EventHistory {
  readonly #options: HistoryOptions;
  readonly #modules: HistoryModules;
  readonly #times: CheckpointTimes;

  constructor(options: HistoryOptions, modules: HistoryModules) {
    this.#options = options;
    this.#modules = modules;
    this.#times = new CheckpointTimes(modules);
  }

  /** {@link Chain.findPrompt}. Its event carries its time. */
  async findPrompt(ticketId: string, signal: AbortSignal): Promise<PromptEvent | undefined> {
    return await this.#ask(`searching the prompt of ticket ${ticketId}`, signal, async (abort) => {
      const event = await this.#searchBackwards(normalizeSuiAddress(ticketId), abort);
      if (event === undefined) return undefined;
      const { checkpoint } = event;
      const times = await this.#times.read(checkpoint === undefined ? [] : [checkpoint], abort);
      return { ...event, timestampMs: checkpoint === undefined ? undefined : times.get(checkpoint) };
    });
  }

  /** {@link Chain.history} */
  async *history(
    from: bigint,
    to: bigint | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<readonly ChainEvent[], void, void> {
    const doing = `reading the history from checkpoint ${from} on`;
    const link = linkAbort(signal);
    try {
      const last = await this.#ask(doing, signal, (abort) => this.#lastCheckpoint(from, to, abort));
      if (last < from) return;
      const pages = backfill({ from, until: last + 1n }, this.#modules, link.signal);
      for (;;) {
        const page = await this.#ask(doing, signal, () => pages.next());
        if (page.done === true) break;
        yield await stampOwn(page.value.events, this.#options.smallId, this.#times, link.signal);
      }
      if (signal.aborted) throw cancelled(doing);
    } finally {
      link.release();
    }
  }

  async #searchBackwards(ticketId: string, signal: AbortSignal): Promise<PromptEvent | undefined> {
    let before: Uint8Array | undefined;
    for (let searched = 0; searched < SEARCHED_PAGES; searched++) {
      const page = await this.#modules.source.list({ before, descending: true, type: PROMPT_TYPE }, signal);
      for (const event of page.events) {
        if (event.kind === 'prompt' && event.ticketId === ticketId) return event;
      }
      // Every other end means that there is nothing before it.
      if (page.end !== ITEM_LIMIT && page.end !== SCAN_LIMIT) return undefined;
      before = page.cursor;
    }
    return undefined;
  }

  /** The last checkpoint to read. @throws AtomaError `history_pruned` */
  async #lastCheckpoint(from: bigint, to: bigint | undefined, abort: AbortSignal): Promise<bigint> {
    const { client, url } = this.#modules.endpoint;
    const { response: info } = await client.ledgerService.getServiceInfo({}, { abort });
    const lowest = info.lowestAvailableCheckpoint ?? 0n;
    if (from < lowest) {
      throw new AtomaError(
        'history_pruned',
        `events from checkpoint ${from} on are wanted, but the endpoint ${url} keeps them from checkpoint ${lowest} on only; ask from there on, or use an endpoint with a longer history`,
        { fields: { url, wanted: `${from}`, lowestAvailable: `${lowest}` } },
      );
    }
    const tip = info.checkpointHeight;
    if (tip === undefined) throw new StreamFault('the endpoint does not say its newest checkpoint');
    return to === undefined || to > tip ? tip : to;
  }

  /** @throws AtomaError `cancelled`, `chain_unavailable`, or what `call` throws by itself */
  async #ask<T>(doing: string, signal: AbortSignal, call: (abort: AbortSignal) => Promise<T>): Promise<T> {
    if (signal.aborted) throw cancelled(doing);
    const link = linkAbort(signal);
    try {
      return await call(link.signal);
    } catch (error) {
      if (signal.aborted) throw cancelled(doing);
      if (error instanceof AtomaError) throw error;
      throw chainUnavailable(this.#modules.endpoint.url, doing, error);
    } finally {
      link.release();
    }
  }
}
