import type { Logger } from 'pino';
import type { Chain } from '../../chain/index.js';
import { AtomaError, type Dispute, messageOf, type OracleVerdict, pause } from '../../core/index.js';
import { isJournalError, type Journal } from '../../tickets/index.js';
import type { Duties } from './duty-loop.js';
import { confirms } from './findings.js';
import type { Oracle } from './oracle.js';
import { transactionOf } from './settlement-intake.js';
import { retryAt } from './timing.js';

/** Disputes that are attended to at once: the scheduler decides how many of their prompts run. */
const AT_ONCE = 64;
/** After a journal that could not be written. */
const FAILURE_PAUSE_MS = 2000;
/** Tries to read the transaction of an oracle, over some minutes. */
const MAX_READINGS = 8;

const RIGHT = 'the dispute is settled: this node was right';
const WRONG =
  'the dispute is settled: this node was WRONG and has lost its collateral. Run `verify --ticket` on it, and compare the numeric profile with those of others of the echelon before taking more tickets.';

interface Modules {
  readonly chain: Pick<Chain, 'readVerdict'>;
  readonly journal: Journal;
  /** undefined where this node is none. */
  readonly oracle: Oracle | undefined;
  /** Called when a dispute has been attended to: more may be due for it. */
  readonly onAttended: () => void;
  readonly logger: Logger;
}

/** Disputes that concern this node: judged where it is an oracle, and held against its own commitments at their end. */
export class Disputes implements Duties {
  readonly #modules: Modules;
  /** A prompt can wait for its model for hours: others do not wait for it. */
  readonly #attended = new Map<string, Promise<void>>();

  constructor(modules: Modules) {
    this.#modules = modules;
  }

  nextDue(): number | undefined {
    // What is attended to stays due until that ends, which is told.
    return this.#attended.size > 0 ? undefined : this.#modules.journal.disputes.nextDue();
  }

  async attend(signal: AbortSignal): Promise<void> {
    const { journal, onAttended } = this.#modules;
    for (const dispute of journal.disputes.due(Date.now(), AT_ONCE)) {
      const { ticketId } = dispute;
      if (this.#attended.has(ticketId) || this.#attended.size >= AT_ONCE) continue;
      const work = this.#attend(dispute, signal).finally(() => {
        this.#attended.delete(ticketId);
        onAttended();
      });
      this.#attended.set(ticketId, work);
    }
  }

  /** Resolves when nothing is attended to any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#attended.values());
  }

  /** Never rejects: what the journal did not take is due again. */
  async #attend(dispute: Dispute, signal: AbortSignal): Promise<void> {
    const { journal, oracle, logger } = this.#modules;
    const { ticketId, state } = dispute;
    try {
      if (state === 'closing') await this.#close(dispute, signal);
      else if (oracle !== undefined) await oracle.attend(dispute, signal);
      // It was one when the dispute came.
      else journal.disputes.leave(ticketId, 'this node is no oracle any more, by its configuration');
    } catch (error) {
      logger.warn({ ticket: ticketId, err: error }, 'what was found of a dispute could not be written');
      await pause(FAILURE_PAUSE_MS, signal);
    }
  }

  /** Whether this node was right, as far as that can be known. */
  async #close(dispute: Dispute, signal: AbortSignal): Promise<void> {
    const { journal, logger } = this.#modules;
    const { ticketId, attempts, settlement = '' } = dispute;
    try {
      const verdict = await this.#modules.chain.readVerdict(transactionOf(settlement), signal);
      // The endpoint may not have the transaction yet whose event it has sent.
      if (verdict === undefined && attempts < MAX_READINGS) this.#later(dispute, 'its end is not found yet');
      else this.#conclude(dispute, verdict);
    } catch (error) {
      if (signal.aborted) return;
      if (isJournalError(error)) throw error;
      const code = error instanceof AtomaError ? error.code : 'internal';
      logger.warn({ ticket: ticketId, code }, `the end of a dispute cannot be read yet: ${messageOf(error)}`);
      journal.disputes.postpone(ticketId, retryAt(attempts), messageOf(error));
    }
  }

  #conclude({ ticketId, oracleNodeId }: Dispute, verdict: OracleVerdict | undefined): void {
    const { journal, logger } = this.#modules;
    const commitment = journal.commitment(ticketId);
    const leafIndex = journal.get(ticketId)?.leafIndex;
    const fields = { ticket: ticketId, oracle: oracleNodeId?.toString() };
    if (verdict === undefined || commitment === undefined || leafIndex === undefined) {
      logger.warn(fields, 'the dispute is settled; who was right cannot be read from the chain');
      journal.disputes.close(ticketId, undefined, "the oracle's transaction cannot be read");
      return;
    }
    const isRight = confirms(verdict, commitment, leafIndex);
    journal.disputes.close(ticketId, isRight ? 'right' : 'wrong');
    if (isRight) logger.info(fields, RIGHT);
    else logger.fatal({ ...fields, alarm: 'lost_dispute' }, `ALARM: ${WRONG}`);
  }

  #later({ ticketId, attempts }: Dispute, note: string): void {
    this.#modules.journal.disputes.postpone(ticketId, retryAt(attempts), note);
  }
}
