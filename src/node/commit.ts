import type { Logger } from 'pino';
import type { Chain } from '../chain/index.js';
import {
  AtomaError,
  Backoff,
  type Commitment,
  pause,
  type Ticket,
  type TicketObserver,
  toErrorData,
} from '../core/index.js';
import { isJournalError, type Journal } from '../tickets/index.js';
import { untilWritten } from './durable-write.js';
import { alarmOfTwin } from './event-intake.js';
import type { GasGate } from './gas-gate.js';
import { askForTicketAt } from './settlement/timing.js';

/**
 * The contract counts from the start of the epoch: a change of it can double the time for which it waits. After
 * that a refused transaction is given up; not sooner than after this.
 */
const MIN_EPOCH_CHANGE_GRACE_MS = 60_000;
const RETRY = { firstMs: 500, maxMs: 10_000 };

interface Modules {
  readonly chain: Chain;
  readonly journal: Journal;
  readonly gas: GasGate;
  readonly observer?: TicketObserver | undefined;
  readonly logger: Logger;
}

/** Refusals by the chain that another attempt with the same commitment will not change. */
const FINAL: ReadonlySet<string> = new Set(['commitment_rejected', 'ticket_gone']);
/** What passes by itself or by the operator's hand, however long that takes. */
const PASSING: ReadonlySet<string> = new Set(['chain_unavailable', 'out_of_gas']);

/** Brings the commitment that a ticket is bound to onto the chain, over failures and restarts. */
export class Committer {
  readonly #modules: Modules;

  constructor(modules: Modules) {
    this.#modules = modules;
  }

  /**
   * Sends until the chain has answered, the same signed bytes each time, and writes what it said.
   * @throws AtomaError where the chain refuses for good, or `cancelled`: the ticket then stays `committing`
   * and is taken up again at the next start
   */
  async commit(ticket: Ticket, commitment: Commitment, signal: AbortSignal): Promise<void> {
    const { journal, gas } = this.#modules;
    const backoff = new Backoff(RETRY);
    let paid: (() => void) | undefined;
    try {
      for (;;) {
        const failure = await this.#attempt(ticket, commitment, signal);
        if (failure === undefined) return;
        if (failure.code === 'out_of_gas') paid ??= gas.refused(ticket.id);
        await this.#beforeRetry(failure, backoff, signal);
        if (journal.get(ticket.id)?.state === 'settled') return;
      }
    } finally {
      paid?.();
    }
  }

  /** @returns why it is worth another attempt; undefined once the commitment stands */
  async #attempt(
    ticket: Ticket,
    commitment: Commitment,
    signal: AbortSignal,
  ): Promise<AtomaError | undefined> {
    const { observer, logger } = this.#modules;
    const { id, deadlineMs } = ticket;
    try {
      const digest = await this.#send(ticket, commitment, signal);
      await untilWritten(() => this.#committed(ticket, digest), { signal, logger });
      observer?.onTicket(id, { kind: 'committed', digest, late: Date.now() > deadlineMs });
      return undefined;
    } catch (error) {
      if (signal.aborted) throw new AtomaError('cancelled', 'the node stopped before the chain answered');
      if (!(error instanceof AtomaError) || FINAL.has(error.code)) throw error;
      // A journal that cannot be written passes too: nothing was sent, for the transaction was not kept.
      const passes = PASSING.has(error.code) || isJournalError(error);
      if (!passes && Date.now() > deadlineMs + epochChangeGraceMs(ticket)) throw error;
      logger.warn({ ticket: id, code: error.code }, `not committed yet: ${error.message}`);
      return error;
    }
  }

  async #send(ticket: Ticket, commitment: Commitment, signal: AbortSignal): Promise<string | undefined> {
    const { observer } = this.#modules;
    observer?.onTicket(ticket.id, { kind: 'sending' });
    try {
      const digest = await this.#submit(ticket, commitment, signal);
      observer?.onTicket(ticket.id, { kind: 'sent', error: undefined });
      return digest;
    } catch (error) {
      observer?.onTicket(ticket.id, { kind: 'sent', error: toErrorData(error) });
      throw error;
    }
  }

  async #submit(ticket: Ticket, commitment: Commitment, signal: AbortSignal): Promise<string | undefined> {
    const { chain, journal, observer, logger } = this.#modules;
    const { id, deadlineMs } = ticket;
    const resend = journal.transactionOf(id);
    if (resend !== undefined) observer?.onTicket(id, { kind: 'signed', digest: resend.digest });
    const receipt = await chain.submitCommitment(commitment, {
      signal,
      deadlineMs,
      resend,
      onSigned: (transaction) => {
        journal.signed(id, transaction);
        observer?.onTicket(id, { kind: 'signed', digest: transaction.digest });
      },
    });
    if (receipt.alreadyCommitted && journal.transactionOf(id) === undefined) alarmOfTwin(logger, id);
    return receipt.digest;
  }

  #committed(ticket: Ticket, digest: string | undefined): void {
    const { journal } = this.#modules;
    const { id, deadlineMs } = ticket;
    const change = digest === undefined ? {} : { digest };
    // Where a power cut takes this away, the signed transaction is sent again, and the chain says the same.
    journal.transaction(() => {
      // The settlement can be here before the answer to the transaction that caused it.
      if (journal.step(id, 'committed', change)) this.#awaitSettlement(ticket);
      else journal.amend(id, { ...change, late: Date.now() > deadlineMs });
    }, 'process');
  }

  /** It can have been disputed before this node committed. */
  #awaitSettlement(ticket: Ticket): void {
    const { journal, observer } = this.#modules;
    const { id, params } = ticket;
    const dispute = journal.disputes.get(id);
    if (dispute === undefined) journal.settlements.await(id, params.model, askForTicketAt(ticket));
    else if (journal.step(id, 'disputed', { reason: dispute.cause })) {
      observer?.onTicket(id, { kind: 'disputed' });
    }
  }

  async #beforeRetry(error: AtomaError, backoff: Backoff, signal: AbortSignal): Promise<void> {
    const payable = error.code === 'out_of_gas' ? this.#modules.gas.payable(signal) : undefined;
    await pause(backoff.next(), signal);
    // Where the chain and the balance disagree, the pauses between attempts grow all the same.
    await payable;
  }
}

function epochChangeGraceMs({ deadlineMs, receivedAtMs }: Ticket): number {
  return Math.max(MIN_EPOCH_CHANGE_GRACE_MS, deadlineMs - receivedAtMs);
}
