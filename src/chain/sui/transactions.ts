import type { Logger } from 'pino';
import {
  AtomaError,
  Backoff,
  type Commitment,
  type CommitmentReceipt,
  pause,
  type SignedTransaction,
} from '../../core/index.js';
import type { SubmitOptions } from '../chain.js';
import { ABORT, isMissingField } from './abort-codes.js';
import type { CommitmentCall } from './commitment-call.js';
import {
  budgetTooHigh,
  commitmentRejected,
  endpointTrails,
  outOfGas,
  ticketGone,
  transactionRejected,
} from './commitment-errors.js';
import type { GasWatch } from './gas-watch.js';
import { RETRY } from './persistent-call.js';
import { cancelled, describeError } from './rpc-errors.js';
import { SerialQueue } from './serial-queue.js';
import type { CallLimits, TransactionClient } from './transaction-client.js';
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
  /** How long one commitment may take from the moment it is its turn. */
  readonly requestTimeoutMs: number;
}

export interface SubmitterModules {
  readonly client: TransactionClient;
  readonly call: CommitmentCall;
  readonly gas: GasWatch;
  readonly logger: Logger;
}

/** One submission, at its turn. */
interface Job {
  readonly commitment: Commitment;
  readonly limits: CallLimits;
  readonly onSigned: (transaction: SignedTransaction) => void;
  /** Every transaction of this commitment that may have been sent, of earlier runs too; the newest last. */
  readonly sent: SignedTransaction[];
}

/**
 * Sends commitments, one at a time, the one with the earliest deadline first. Not more at once: each names the
 * node's badge, an object that an address owns, in one version, and validators let one transaction at a time
 * have that version. Two in flight would lock it, and gas coins split for each would not help: the badge is
 * what they share.
 *
 * The same lock is why a commitment is never paid for twice. A transaction built anew names either the same
 * version of the badge as the one before, of which only one can run then; or a newer one, so that the older
 * one has run or never will, and a look at the ledger after the build tells which.
 */
export class CommitmentSubmitter {
  readonly #options: SubmitterOptions;
  readonly #modules: SubmitterModules;
  readonly #queue = new SerialQueue();

  constructor(options: SubmitterOptions, modules: SubmitterModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /**
   * {@link Chain.submitCommitment}
   * @throws AtomaError as there; `chain_unavailable` and `cancelled` carry `fields.digest` where a transaction
   * was sent whose fate is unknown
   */
  submit(commitment: Commitment, options: SubmitOptions): Promise<CommitmentReceipt> {
    const { signal, resend, onSigned, deadlineMs } = options;
    return this.#queue.run(() => {
      const limits = {
        deadlineMs: performance.now() + this.#options.requestTimeoutMs,
        signal,
        fields: { ticketId: commitment.ticketId },
      };
      return this.#submit({ commitment, limits, onSigned, sent: [] }, resend);
    }, deadlineMs);
  }

  async #submit(job: Job, resend: SignedTransaction | undefined): Promise<CommitmentReceipt> {
    const { limits } = job;
    const backoff = new Backoff(RETRY);
    let verdict = await (resend === undefined ? this.#sendNew(job) : this.#sendAgain(resend, job));
    for (let tries = 1; verdict.kind === 'void'; tries++) {
      this.#throwIfHopeless(verdict, tries, job);
      const { reason, digest } = verdict;
      this.#modules.logger.warn(
        { ...limits.fields, reason, digest, tries },
        'the commitment had no effect; building it anew',
      );
      await pause(backoff.next(), limits.signal);
      verdict = await this.#sendNew(job);
    }
    return await this.#conclude(verdict, job);
  }

  #throwIfHopeless(verdict: Extract<Verdict, { kind: 'void' }>, tries: number, job: Job): void {
    const { ticketId } = job.commitment;
    if (!verdict.stale) {
      if (tries >= MAX_BUILDS) throw transactionRejected(ticketId, tries, verdict);
    } else if (performance.now() >= job.limits.deadlineMs) {
      throw endpointTrails(ticketId, this.#modules.client.url, verdict);
    }
  }

  async #conclude(verdict: Exclude<Verdict, { kind: 'void' }>, job: Job): Promise<CommitmentReceipt> {
    const { ticketId } = job.commitment;
    if (verdict.kind === 'done') return { digest: verdict.digest, alreadyCommitted: false };
    if (verdict.kind === 'unpaid') throw await this.#outOfGas(verdict.reason, job);
    const { code, module } = verdict;
    const already = code === BigInt(ABORT.alreadyCommitted);
    const gone = isMissingField(module, code);
    if (!already && !gone) throw commitmentRejected(ticketId, verdict);
    // An earlier transaction may be what committed, and by that have settled the ticket.
    const earlier = await this.#earlier(job);
    if (earlier?.kind === 'done') return { digest: earlier.digest, alreadyCommitted: false };
    if (gone) throw ticketGone(ticketId, verdict);
    this.#modules.logger.info({ ticketId }, 'the commitment already stands');
    return { digest: undefined, alreadyCommitted: true };
  }

  async #outOfGas(reason: string, { commitment, limits }: Job): Promise<AtomaError> {
    const { gas, client } = this.#modules;
    const status = await gas.refresh(limits.signal).catch(() => gas.status);
    return outOfGas(commitment.ticketId, client.address, status?.balance, reason);
  }

  /** A transaction from before: it may have run, and if not, nothing else than itself is sent. */
  async #sendAgain(signed: SignedTransaction, job: Job): Promise<Verdict> {
    job.sent.push(signed);
    return (await this.#find(signed, job)) ?? (await this.#send(signed, job));
  }

  async #sendNew(job: Job): Promise<Verdict> {
    const { client, call, gas } = this.#modules;
    const { commitment, limits } = job;
    const { ticketId } = commitment;
    const built = await client.build(() => call.toTransaction(commitment, client.address), limits);
    if ('kind' in built) return built;
    // After the build, not before: see the class.
    const earlier = await this.#earlier(job);
    if (earlier !== undefined) return earlier;
    if (built.budget > MAX_BUDGET_MIST) throw budgetTooHigh(ticketId, built.budget, MAX_BUDGET_MIST);
    gas.planned(built.budget);
    const signed = await client.sign(built.bytes);
    if (limits.signal.aborted) throw cancelled('sending a commitment', limits.fields);
    // An endpoint that trails builds the same transaction again.
    if (!job.sent.some(({ digest }) => digest === signed.digest)) {
      job.onSigned(signed);
      job.sent.push(signed);
    }
    this.#modules.logger.debug({ ticketId, digest: signed.digest }, 'sending a commitment');
    return await this.#send(signed, job);
  }

  async #send(signed: SignedTransaction, job: Job): Promise<Verdict> {
    const limits = withDigest(job.limits, signed.digest);
    try {
      const { verdict, gasUsed } = await this.#modules.client.execute(signed, limits);
      this.#modules.gas.spent(gasUsed);
      return verdict;
    } catch (error) {
      if (limits.signal.aborted) throw cancelled('sending a commitment', limits.fields);
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
    if (job.limits.signal.aborted) throw cancelled('sending a commitment', error.fields);
    if (found === undefined) throw error;
    return found;
  }

  /** The verdict of the transaction of this commitment that ran with effect, if one did. */
  async #earlier(job: Job): Promise<Verdict | undefined> {
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
    this.#modules.gas.found(found.gasUsed);
    return found.verdict;
  }
}

function withDigest(limits: CallLimits, digest: string): CallLimits {
  return { ...limits, fields: { ...limits.fields, digest } };
}
