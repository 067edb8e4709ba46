import type { ChainBatch } from '../chain/index.js';
import { AtomaError } from '../core/index.js';

/** How a ticket came out. */
export interface Settlement {
  readonly ticketId: string;
  readonly state: 'settled' | 'disputed';
  /** The event that said so, `digest:index`. */
  readonly eventId: string;
  /** When it was seen, ms since 1970. */
  readonly atMs: number;
  /** The oracle that decided, where one had to. */
  readonly oracleNodeId: bigint | undefined;
}

interface Waiter {
  readonly resolve: (settlement: Settlement) => void;
  readonly reject: (error: unknown) => void;
}

/** Remembers how tickets came out, and tells those who wait for one. */
export class SettlementWatch {
  readonly #outcomes = new Map<string, Settlement>();
  readonly #waiters = new Map<string, Set<Waiter>>();
  readonly #end = new AbortController();

  /** Reads the contract's events until they end; `onFirst` is called at the first of them. */
  async read(batches: AsyncIterable<ChainBatch>, onFirst: () => void): Promise<void> {
    for await (const { events } of batches) {
      onFirst();
      for (const event of events) {
        if (event.kind === 'settled') this.#record(event.ticketId, 'settled', event.id, event.oracleNodeId);
        else if (event.kind === 'dispute') this.#record(event.ticketId, 'disputed', event.id, undefined);
      }
    }
  }

  /**
   * Resolves once a ticket has come out, at once where it already has.
   * @throws AtomaError `cancelled` when `signal` aborts; what {@link SettlementWatch.end} was given
   */
  wait(ticketId: string, signal: AbortSignal): Promise<Settlement> {
    const known = this.#outcomes.get(ticketId);
    if (known !== undefined) return Promise.resolve(known);
    if (this.#end.signal.aborted) return Promise.reject(this.#end.signal.reason);
    if (signal.aborted) return Promise.reject(cancelled(ticketId));
    return new Promise((resolve, reject) => {
      const waiters = this.#waiters.get(ticketId) ?? new Set();
      this.#waiters.set(ticketId, waiters);
      const leave = (): void => {
        waiters.delete(waiter);
        signal.removeEventListener('abort', onAbort);
      };
      const waiter: Waiter = {
        resolve: (settlement) => {
          leave();
          resolve(settlement);
        },
        reject: (error) => {
          leave();
          reject(error);
        },
      };
      const onAbort = (): void => waiter.reject(cancelled(ticketId));
      signal.addEventListener('abort', onAbort, { once: true });
      waiters.add(waiter);
    });
  }

  /** Everybody who waits, now or later, gets this error; what is known stays known. */
  end(error: AtomaError): void {
    if (this.#end.signal.aborted) return;
    this.#end.abort(error);
    for (const waiters of this.#waiters.values()) for (const waiter of [...waiters]) waiter.reject(error);
  }

  #record(
    ticketId: string,
    state: Settlement['state'],
    eventId: string,
    oracleNodeId: bigint | undefined,
  ): void {
    const settlement = { ticketId, state, eventId, atMs: Date.now(), oracleNodeId };
    this.#outcomes.set(ticketId, settlement);
    for (const waiter of [...(this.#waiters.get(ticketId) ?? [])]) waiter.resolve(settlement);
    this.#waiters.delete(ticketId);
  }
}

function cancelled(ticketId: string): AtomaError {
  return new AtomaError('cancelled', `cancelled while waiting for ticket ${ticketId} to settle`, {
    fields: { ticketId },
  });
}
