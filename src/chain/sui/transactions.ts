import type { Transaction } from '@mysten/sui/transactions';
import type { Logger } from 'pino';
import { AtomaError, Backoff, pause, type SignedTransaction } from '../../core/index.js';
import type { SubmitOptions } from '../chain.js';
import type { GasWatch } from './gas-watch.js';
import { RETRY } from './persistent-call.js';
import { cancelled, describeError } from './rpc-errors.js';
import { SerialQueue } from './serial-queue.js';
import {
  type Abort,
  budgetTooHigh,
  endpointTrails,
  outOfGas,
  type Subject,
  transactionRejected,
} from './submission-errors.js';
import type { Built, CallLimits, TransactionClient } from './transaction-client.js';
import { type Verdict, verdictOfRefusal } from './transaction-verdict.js';

/** More than a few that no stale object explains mean something that building cannot mend. */
const MAX_BUILDS = 4;
/** For the last question before giving up, when the request's own time is over. */
const LAST_LOOK_MS = 2_000;
/**
 * In MIST: 0.1 SUI. Ten times what a commitment is guessed to cost at most, so that gas prices may rise; and a
 * transaction that runs out of its budget loses all of it, so an estimate far off must not reach the wallet.
 */
const MAX_BUDGET_MIST = 100_000_000n;

export interface SubmitterOptions {
  /** How long one submission may take from the moment it is its turn. */
  readonly requestTimeoutMs: number;
}

export interface SubmitterModules {
  readonly client: TransactionClient;
  readonly gas: GasWatch;
  readonly logger: Logger;
}

/** A transaction to bring onto the chain. */
export interface Submission {
  readonly subject: Subject;
  /** Makes it, as one of `sender`, its object versions and gas still open. */
  readonly transaction: (sender: string) => Transaction;
  /** Whether an abort can come of an earlier transaction of this submission, which did what this one wants. */
  readonly mayRepeat: (abort: Abort) => boolean;
  /** Whether it is worth sending, as built; where not given, it is. */
  readonly isWorthwhile?: (built: Built, limits: CallLimits) => Promise<boolean>;
  /** Whether the cost of later commitments is to be reckoned by it. */
  readonly isCommitment: boolean;
}

/** What came of a submission; `idle` where it was not worth sending. */
export type Conclusion =
  | { readonly kind: 'done'; readonly digest: string }
  | { readonly kind: 'idle' }
  | Abort;

/** One submission, at its turn. */
interface Job {
  readonly submission: Submission;
  readonly limits: CallLimits;
  readonly onSigned: (transaction: SignedTransaction) => void;
  /** Every transaction of this submission that may have been sent, of earlier runs too; the newest last. */
  readonly sent: SignedTransaction[];
}

/**
 * Sends the node's transactions, one at a time, the one with the earliest deadline first, those without a deadline
 * last. Not more at once: each commitment names the node's badge, an object that an address owns, in one version,
 * and validators let one transaction at a time have that version. Two in flight would lock it, and gas coins split
 * for each would not help: the badge is what they share.
 *
 * The same lock is why a commitment is never paid for twice. A transaction built anew names either the same
 * version of the badge as the one before, of which only one can run then; or a newer one, so that the older
 * one has run or never will, and a look at the ledger after the build tells which.
 */
export class TransactionSubmitter {
  readonly #options: SubmitterOptions;
  readonly #modules: SubmitterModules;
  readonly #queue = new SerialQueue();

  constructor(options: SubmitterOptions, modules: SubmitterModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /**
   * @param timeoutMs where it is to take less than the submitter's options allow
   * @throws AtomaError `out_of_gas`, `gas_budget_too_high`, `transaction_rejected`; `chain_unavailable` and
   * `cancelled`, with `fields.digest` where a transaction was sent whose fate is unknown; what the submission throws
   */
  submit(
    submission: Submission,
    options: Omit<SubmitOptions, 'onSigned'> & Partial<SubmitOptions>,
    timeoutMs = this.#options.requestTimeoutMs,
  ): Promise<Conclusion> {
    const { signal, resend, onSigned = () => undefined, deadlineMs } = options;
    return this.#queue.run(() => {
      const limits = {
        deadlineMs: performance.now() + timeoutMs,
        signal,
        fields: { ticketId: submission.subject.ticketId },
      };
      return this.#submit({ submission, limits, onSigned, sent: [] }, resend);
    }, deadlineMs);
  }

  async #submit(job: Job, resend: SignedTransaction | undefined): Promise<Conclusion> {
    const { limits, submission } = job;
    const backoff = new Backoff(RETRY);
    let verdict = await (resend === undefined ? this.#sendNew(job) : this.#sendAgain(resend, job));
    for (let tries = 1; verdict.kind === 'void'; tries++) {
      this.#throwIfHopeless(verdict, tries, job);
      const { reason, digest } = verdict;
      this.#modules.logger.warn(
        { ...limits.fields, reason, digest, tries },
        `the ${submission.subject.noun} had no effect; building it anew`,
      );
      await pause(backoff.next(), limits.signal);
      verdict = await this.#sendNew(job);
    }
    return await this.#conclude(verdict, job);
  }

  #throwIfHopeless(verdict: Extract<Verdict, { kind: 'void' }>, tries: number, job: Job): void {
    const { subject } = job.submission;
    if (!verdict.stale) {
      if (tries >= MAX_BUILDS) throw transactionRejected(subject, tries, verdict);
    } else if (performance.now() >= job.limits.deadlineMs) {
      throw endpointTrails(subject, this.#modules.client.url, verdict);
    }
  }

  async #conclude(
    verdict: Exclude<Verdict, { kind: 'void' }> | { readonly kind: 'idle' },
    job: Job,
  ): Promise<Conclusion> {
    if (verdict.kind === 'unpaid') throw await this.#outOfGas(verdict.reason, job);
    if (verdict.kind !== 'abort' || !job.submission.mayRepeat(verdict)) return verdict;
    return (await this.#earlier(job)) ?? verdict;
  }

  async #outOfGas(reason: string, { submission, limits }: Job): Promise<AtomaError> {
    const { gas, client } = this.#modules;
    const status = await gas.refresh(limits.signal).catch(() => gas.status);
    return outOfGas(submission.subject, client.address, status?.balance, reason);
  }

  /** A transaction from before: it may have run, and if not, nothing else than itself is sent. */
  async #sendAgain(signed: SignedTransaction, job: Job): Promise<Verdict> {
    job.sent.push(signed);
    return (await this.#find(signed, job)) ?? (await this.#send(signed, job));
  }

  async #sendNew(job: Job): Promise<Verdict | { readonly kind: 'idle' }> {
    const { client, gas } = this.#modules;
    const { submission, limits } = job;
    const { subject } = submission;
    const built = await client.build(() => submission.transaction(client.address), limits, subject.noun);
    if ('kind' in built) return built;
    // After the build, not before: see the class.
    const earlier = await this.#earlier(job);
    if (earlier !== undefined) return earlier;
    if (built.budget > MAX_BUDGET_MIST) throw budgetTooHigh(subject, built.budget, MAX_BUDGET_MIST);
    if (!((await submission.isWorthwhile?.(built, limits)) ?? true)) return { kind: 'idle' };
    if (submission.isCommitment) gas.planned(built.budget);
    const signed = await client.sign(built.bytes);
    if (limits.signal.aborted) throw cancelled(sending(job), limits.fields);
    // An endpoint that trails builds the same transaction again.
    if (!job.sent.some(({ digest }) => digest === signed.digest)) {
      job.onSigned(signed);
      job.sent.push(signed);
    }
    this.#modules.logger.debug({ ...limits.fields, digest: signed.digest }, sending(job));
    return await this.#send(signed, job);
  }

  async #send(signed: SignedTransaction, job: Job): Promise<Verdict> {
    const limits = withDigest(job.limits, signed.digest);
    try {
      const { subject, isCommitment } = job.submission;
      const { verdict, gasUsed } = await this.#modules.client.execute(signed, limits, subject.noun);
      this.#modules.gas.spent(gasUsed, { isCommitment });
      return verdict;
    } catch (error) {
      if (limits.signal.aborted) throw cancelled(sending(job), limits.fields);
      // No answer, or a refusal, after which it may have run all the same.
      if (error instanceof AtomaError) return await this.#lastLook(signed, error, job);
      const found = await this.#find(signed, job);
      return found ?? verdictOfRefusal(signed.digest, error);
    }
  }

  /** Before giving up on an endpoint that did not answer. */
  async #lastLook(signed: SignedTransaction, error: AtomaError, job: Job): Promise<Verdict> {
    const found = await this.#find(signed, job).catch((reason: unknown) => {
      this.#modules.logger.warn({ digest: signed.digest, reason: describeError(reason) }, 'still no answer');
      return undefined;
    });
    if (job.limits.signal.aborted) throw cancelled(sending(job), error.fields);
    if (found === undefined) throw error;
    return found;
  }

  /** The verdict of the transaction of this submission that ran with effect, if one did. */
  async #earlier(job: Job): Promise<Extract<Verdict, { kind: 'done' }> | undefined> {
    for (const signed of job.sent.toReversed()) {
      const found = await this.#find(signed, job);
      if (found?.kind === 'done') return found;
    }
    return undefined;
  }

  async #find(signed: SignedTransaction, job: Job): Promise<Verdict | undefined> {
    const { digest } = signed;
    const deadlineMs = Math.max(job.limits.deadlineMs, performance.now() + LAST_LOOK_MS);
    const found = await this.#modules.client.find(digest, withDigest({ ...job.limits, deadlineMs }, digest));
    if (found === undefined) return undefined;
    if (job.submission.isCommitment) this.#modules.gas.found(found.gasUsed);
    return found.verdict;
  }
}

/** For errors and logs. */
function sending({ submission }: Job): string {
  return `sending a ${submission.subject.noun}`;
}

function withDigest(limits: CallLimits, digest: string): CallLimits {
  return { ...limits, fields: { ...limits.fields, digest } };
}
