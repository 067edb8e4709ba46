import type { Logger } from 'pino';
import type { Chain, GasStatus } from '../chain/index.js';
import { messageOf, pause } from '../core/index.js';

/** Commitments that the wallet must still be able to pay for when a ticket is let in, beside those owed already. */
export const MARGIN_TICKETS = 5;
/** The wallet is spent by this node alone, which counts along: another look now and then is enough. */
const CHECK_INTERVAL_MS = 30_000;
/** Somebody is topping the wallet up, and tickets wait for it. */
const LOW_INTERVAL_MS = 2000;

interface Modules {
  readonly chain: Pick<Chain, 'status' | 'refreshGas'>;
  readonly logger: Logger;
}

/**
 * Lets a ticket in only where the wallet can pay for its commitment too, after those of all tickets that were
 * let in before it. The others wait: some cost less than was reckoned with, and a wallet can be topped up.
 *
 * Tickets that wait are no fault as long as others are on their way: a backlog of thousands may be longer than
 * any wallet's runway. The wallet counts as low, which stops intake, when it is nearly empty or has failed to
 * pay.
 */
export class GasGate {
  readonly #modules: Modules;
  /** Whether the wallet was looked at, with whatever success. */
  #looked = false;
  #low = false;
  /** Commitments that have still to be paid for: those of tickets that were let in. */
  #owed = 0;
  /** Tickets whose commitment the wallet could not pay for. */
  readonly #refused = new Set<string>();
  /** Tickets before the gate, in the order in which they came, and commitments that wait for a top-up. */
  readonly #entering = new Set<() => void>();
  readonly #unpaid = new Set<() => void>();
  #wake = new AbortController();

  constructor(modules: Modules) {
    this.#modules = modules;
  }

  /** Why no tickets are taken; undefined while they are. */
  get reason(): string | undefined {
    if (!this.#low) return undefined;
    const { address, gas } = this.#modules.chain.status();
    const runway = `gas for ${gas?.runwayTickets ?? 'an unknown number of'} more commitments`;
    const state =
      this.#refused.size > 0
        ? `could not pay for ${this.#refused.size} that are due, and has ${runway}`
        : `has ${runway} only`;
    return `the wallet ${address} ${state}; top it up, and tickets are taken again`;
  }

  /** Watches the wallet until `signal` aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    const { chain, logger } = this.#modules;
    signal.addEventListener('abort', () => this.#wake.abort(), { once: true });
    while (!signal.aborted) {
      try {
        await chain.refreshGas(signal);
      } catch (error) {
        if (signal.aborted) return;
        logger.warn(`cannot read the wallet's balance: ${messageOf(error)}`);
      }
      this.#looked = true;
      this.#update();
      this.#wake = new AbortController();
      if (signal.aborted) return;
      await pause(this.#low ? LOW_INTERVAL_MS : CHECK_INTERVAL_MS, this.#wake.signal);
    }
  }

  /**
   * Resolves when a ticket may be taken, at once in most cases, or when `signal` aborts; the function it gives
   * is called once, when that ticket costs nothing more.
   * @param bound the node has committed itself to the ticket's answer: it is let in whatever the wallet holds
   */
  async enter(bound: boolean, signal: AbortSignal): Promise<() => void> {
    if (bound || (this.#affordable && this.#entering.size === 0)) this.#owed++;
    else if (!(await this.#turn(this.#entering, signal))) return () => undefined;
    return () => {
      this.#owed--;
      this.#update();
    };
  }

  /**
   * The wallet could not pay for a ticket's commitment: no more tickets are taken until the function that this gives is
   * called, which is when it was paid for or is needed no more.
   */
  refused(ticketId: string): () => void {
    this.#refused.add(ticketId);
    this.#update();
    return () => {
      this.#refused.delete(ticketId);
      this.#update();
    };
  }

  /** Whether a ticket's commitment waits for a top-up. */
  isUnpaid(ticketId: string): boolean {
    return this.#refused.has(ticketId);
  }

  /**
   * Resolves when the wallet can pay for a commitment, as far as is known; when it holds more than at the call,
   * since before a first commitment the price is a guess; or when `signal` aborts.
   */
  async payable(signal: AbortSignal): Promise<void> {
    const before = this.#balance;
    while (this.#runway < 1 && this.#balance <= before) {
      if (!(await this.#turn(this.#unpaid, signal))) return;
    }
  }

  /** As many as one likes where the balance cannot be read: a commitment's own simulation will tell. */
  get #runway(): number {
    return this.#modules.chain.status().gas?.runwayTickets ?? Number.POSITIVE_INFINITY;
  }

  get #balance(): bigint {
    return this.#modules.chain.status().gas?.balance ?? 0n;
  }

  get #affordable(): boolean {
    return this.#looked && this.#refused.size === 0 && this.#runway > MARGIN_TICKETS + this.#owed;
  }

  /** Waits in a line; false where `signal` aborted first. */
  #turn(line: Set<() => void>, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const leave = (): void => {
        line.delete(go);
        resolve(false);
      };
      const go = (): void => {
        line.delete(go);
        signal.removeEventListener('abort', leave);
        resolve(true);
      };
      if (signal.aborted) return resolve(false);
      line.add(go);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** After everything that may change what the wallet can pay for. */
  #update(): void {
    const low = this.#refused.size > 0 || this.#runway <= MARGIN_TICKETS;
    if (low !== this.#low) this.#turned(low);
    for (const go of this.#unpaid) go();
    for (const go of this.#entering) {
      if (!this.#affordable) break;
      this.#owed++;
      go();
    }
  }

  #turned(low: boolean): void {
    const { logger, chain } = this.#modules;
    this.#low = low;
    const gas = describe(chain.status().gas);
    if (low) logger.error(gas, `no more tickets are taken: ${this.reason}`);
    else logger.info(gas, 'the wallet has gas again: taking tickets');
    // Its interval is another one now.
    this.#wake.abort();
  }
}

function describe(gas: GasStatus | undefined): Record<string, unknown> {
  if (gas === undefined) return {};
  const { balance, perCommitment, runwayTickets } = gas;
  return { balance: `${balance}`, perCommitment: `${perCommitment}`, runwayTickets };
}
