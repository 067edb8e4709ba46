import type { Logger } from 'pino';
import type { Chain } from '../../chain/index.js';
import { AtomaError, type AwaitedSettlement, messageOf, type SettleReceipt } from '../../core/index.js';
import { isJournalError, type Journal } from '../../tickets/index.js';
import type { GasGate } from '../gas-gate.js';
import type { Duties } from './duty-loop.js';
import { askAt, retryAt } from './timing.js';

/** Tickets that one look at the journal gives. */
const BATCH = 64;
/**
 * Transactions for one ticket: three rounds of silent nodes, each of which ends with one, a dispute, and one that
 * another node's overtook. More than that is money for nothing.
 */
const MAX_SENT = 5;
/** Epochs of a day, and timeouts that are reckoned from their start: beyond that nobody settles it any more. */
const GIVE_UP_AFTER_MS = 3 * 24 * 3600 * 1000;

const MEANING: Readonly<Record<SettleReceipt['outcome'], string>> = {
  settled: 'overdue: it has settled',
  disputed: 'overdue: it is in dispute now',
  resampled: 'overdue: others were sampled in place of the nodes that were silent, or beside them',
  waiting: 'overdue: it waits until its echelon has more nodes',
  unchanged: 'overdue: the chain does not go on with it yet',
};

export interface OverdueOptions {
  /** How long the chain waits for a commitment, ms. */
  readonly settlementTimeoutMs: number;
}

interface Modules {
  readonly chain: Pick<Chain, 'tryToSettle'>;
  readonly journal: Journal;
  readonly gas: Pick<GasGate, 'reason'>;
  readonly logger: Logger;
}

/**
 * Tickets that this node has committed to and that have not settled in time: asks the chain to go on with them,
 * which costs those that were silent some of their collateral, and gets this node its fee. Each attempt is
 * simulated first, and costs nothing where it would change nothing.
 */
export class OverdueTickets implements Duties {
  readonly #options: OverdueOptions;
  readonly #modules: Modules;
  /** The contract cannot be asked. */
  #isOff = false;

  constructor(options: OverdueOptions, modules: Modules) {
    this.#options = options;
    this.#modules = modules;
  }

  nextDue(): number | undefined {
    return this.#isOff ? undefined : this.#modules.journal.settlements.nextDue();
  }

  async attend(signal: AbortSignal): Promise<void> {
    const { settlements } = this.#modules.journal;
    for (const awaited of this.#isOff ? [] : settlements.due(Date.now(), BATCH)) {
      if (signal.aborted || this.#isOff) return;
      await this.#attend(awaited, signal);
    }
  }

  async #attend(awaited: AwaitedSettlement, signal: AbortSignal): Promise<void> {
    const { chain, journal, gas } = this.#modules;
    const { ticketId } = awaited;
    try {
      if (!this.#isWorthwhile(awaited)) journal.settlements.drop(ticketId);
      // What is left in the wallet is for commitments.
      else if (gas.reason !== undefined) this.#tried(awaited, false);
      else this.#concluded(awaited, await chain.tryToSettle(ticketId, { signal }));
    } catch (error) {
      if (isJournalError(error)) throw error;
      if (!signal.aborted) this.#failed(awaited, error);
    }
  }

  #isWorthwhile({ ticketId, attempts, sent }: AwaitedSettlement): boolean {
    const { journal, logger } = this.#modules;
    const ticket = journal.get(ticketId);
    if (ticket?.state !== 'committed') return false;
    if (sent < MAX_SENT && Date.now() - ticket.deadlineMs < GIVE_UP_AFTER_MS) return true;
    logger.error({ ticket: ticketId, attempts, sent }, 'overdue: given up, for the chain does not settle it');
    return false;
  }

  #concluded(awaited: AwaitedSettlement, { outcome, digest }: SettleReceipt): void {
    const { journal, logger } = this.#modules;
    const { ticketId } = awaited;
    const isPaid = digest !== undefined;
    if (outcome === 'waiting') journal.settlements.lacksNodes(ticketId);
    if (outcome === 'resampled') {
      const dueMs = askAt(Date.now() + this.#options.settlementTimeoutMs, this.#options.settlementTimeoutMs);
      journal.settlements.tried(ticketId, dueMs, isPaid);
    } else this.#tried(awaited, isPaid);
    const fields = { ticket: ticketId, outcome, digest };
    if (isPaid) logger.warn(fields, MEANING[outcome]);
    else logger.debug(fields, MEANING[outcome]);
  }

  #failed(awaited: AwaitedSettlement, error: unknown): void {
    const { journal, logger } = this.#modules;
    const { ticketId } = awaited;
    const code = error instanceof AtomaError ? error.code : 'internal';
    if (code === 'ticket_gone') {
      // The event that says so is on its way.
      journal.settlements.drop(ticketId);
    } else if (code === 'unsupported_contract') {
      this.#isOff = true;
      logger.error({ code }, `overdue tickets are left to others: ${messageOf(error)}`);
    } else {
      this.#tried(awaited, false);
      logger.warn({ ticket: ticketId, code }, `overdue: ${messageOf(error)}`);
    }
  }

  #tried({ ticketId, attempts }: AwaitedSettlement, isPaid: boolean): void {
    this.#modules.journal.settlements.tried(ticketId, retryAt(attempts), isPaid);
  }
}
