import type { Logger } from 'pino';
import type { Chain, GasStatus } from '../chain/index.js';
import { messageOf, pause } from '../core/index.js';

/** Tickets that the wallet must still be able to pay for beside those in flight, before more are taken. */
const MARGIN_TICKETS = 5;
/** The wallet is spent by this node alone, which counts along: another look now and then is enough. */
const CHECK_INTERVAL_MS = 30_000;
/** Somebody is topping the wallet up, and tickets wait for it. */
const PAUSED_INTERVAL_MS = 2000;

interface Modules {
  readonly chain: Chain;
  readonly logger: Logger;
}

/** Holds tickets back while the wallet could not pay for their commitments, and lets them go after a top-up. */
export class GasGate {
  readonly #modules: Modules;
  #paused: GasStatus | undefined;
  /** Tickets that were let in and whose commitment has still to be paid. */
  #inFlight = 0;
  #waiting: (() => void)[] = [];
  #wake = new AbortController();

  constructor(modules: Modules) {
    this.#modules = modules;
  }

  /** Why no tickets are taken; undefined while they are. */
  get reason(): string | undefined {
    if (this.#paused === undefined) return undefined;
    const { address } = this.#modules.chain.status();
    return `the wallet ${address} has gas for ${this.#paused.runwayTickets} commitments only; top it up, and tickets are taken again`;
  }

  /** Watches the wallet until `signal` aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    const { chain, logger } = this.#modules;
    while (!signal.aborted) {
      try {
        this.#update(await chain.refreshGas(signal));
      } catch (error) {
        if (!signal.aborted) logger.warn(`cannot read the wallet's balance: ${messageOf(error)}`);
      }
      this.#wake = new AbortController();
      const interval = this.#paused === undefined ? CHECK_INTERVAL_MS : PAUSED_INTERVAL_MS;
      await pause(interval, AbortSignal.any([signal, this.#wake.signal]));
    }
    this.#open();
  }

  /** Looks at the wallet now: a transaction could not be paid. */
  close(): void {
    const { gas } = this.#modules.chain.status();
    this.#pause({ balance: gas?.balance ?? 0n, perCommitment: gas?.perCommitment ?? 0n, runwayTickets: 0 });
    this.#wake.abort();
  }

  /**
   * Resolves when the next ticket may be taken, at once in most cases; the function it gives is called when
   * that ticket costs nothing more.
   */
  async enter(signal: AbortSignal): Promise<() => void> {
    for (;;) {
      const { gas } = this.#modules.chain.status();
      if (gas !== undefined) this.#update(gas);
      if (this.#paused === undefined || signal.aborted) break;
      await this.#opened(signal);
    }
    this.#inFlight++;
    let left = false;
    return () => {
      if (!left) this.#inFlight--;
      left = true;
    };
  }

  #opened(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        signal.removeEventListener('abort', go);
        resolve();
      };
      this.#waiting.push(go);
      signal.addEventListener('abort', go, { once: true });
    });
  }

  #update(gas: GasStatus): void {
    const needed = MARGIN_TICKETS + this.#inFlight;
    if (gas.runwayTickets <= needed) this.#pause(gas);
    else if (this.#paused !== undefined) {
      this.#modules.logger.info(
        { runwayTickets: gas.runwayTickets },
        'the wallet has gas again: taking tickets',
      );
      this.#open();
    }
  }

  #pause(gas: GasStatus): void {
    const first = this.#paused === undefined;
    this.#paused = gas;
    if (!first) return;
    this.#modules.logger.error(
      { ...gas, balance: `${gas.balance}` },
      `no more tickets are taken: ${this.reason}`,
    );
    this.#wake.abort();
  }

  #open(): void {
    this.#paused = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const go of waiting) go();
  }
}
