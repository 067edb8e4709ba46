import type { Logger } from 'pino';
import type { Commitment, CommitmentReceipt } from '../../core/index.js';
import type { SubmitOptions } from '../chain.js';
import { ABORT, isMissingField } from './abort-codes.js';
import type { CommitmentCall } from './commitment-call.js';
import { type Abort, refusedByContract, type Subject, ticketGone } from './submission-errors.js';
import type { TransactionSubmitter } from './transactions.js';

interface Modules {
  readonly submitter: TransactionSubmitter;
  readonly call: CommitmentCall;
  readonly logger: Logger;
}

/** Brings commitments onto the chain. */
export class CommitmentSubmitter {
  readonly #modules: Modules;

  constructor(modules: Modules) {
    this.#modules = modules;
  }

  /**
   * {@link Chain.submitCommitment}
   * @throws AtomaError as there; `chain_unavailable` and `cancelled` carry `fields.digest` where a transaction
   * was sent whose fate is unknown
   */
  async submit(commitment: Commitment, options: SubmitOptions): Promise<CommitmentReceipt> {
    const { submitter, call, logger } = this.#modules;
    const { ticketId } = commitment;
    const subject: Subject = { ticketId, noun: 'commitment', name: `commitment to ticket ${ticketId}` };
    const submission = {
      subject,
      transaction: (sender: string) => call.toTransaction(commitment, sender),
      // An earlier transaction may be what committed, and by that have settled the ticket.
      mayRepeat: (abort: Abort) => isAlready(abort) || isGone(abort),
      isCommitment: true,
    };
    const end = await submitter.submit(submission, options);
    if (end.kind === 'done') return { digest: end.digest, alreadyCommitted: false };
    if (end.kind === 'abort' && isGone(end)) throw ticketGone(subject, end);
    if (end.kind === 'abort' && !isAlready(end)) throw refusedByContract('commitment_rejected', subject, end);
    logger.debug({ ticketId }, 'the commitment already stands');
    return { digest: undefined, alreadyCommitted: true };
  }
}

function isAlready({ code }: Abort): boolean {
  return code === BigInt(ABORT.alreadyCommitted);
}

function isGone({ code, module }: Abort): boolean {
  return isMissingField(module, code);
}
