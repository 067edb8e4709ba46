import type { Signer } from '@mysten/sui/cryptography';
import { TransactionDataBuilder } from '@mysten/sui/transactions';
import { fromBase64 } from '@mysten/sui/utils';
import type { Logger } from 'pino';
import { AtomaError, Backoff, type Commitment, type CommitmentReceipt, pause } from '../../core/index.js';
import { ABORT, abortSentence } from './abort-codes.js';
import type { CommitmentCall } from './commitment-call.js';
import type { Endpoint } from './endpoint.js';
import { linkAbort } from './linked-abort.js';
import { type CallOptions, orAborted, RETRY, untilAnswered } from './persistent-call.js';
import { cancelled, chainUnavailable, describeError, rpcCode } from './rpc-errors.js';
import { SerialQueue } from './serial-queue.js';
import { type Verdict, verdictOf, verdictOfBuild } from './transaction-verdict.js';

/** A stale gas coin is right at the second build; more than a few mean something that building cannot mend. */
const MAX_BUILDS = 4;
/** For the last question before giving up, when the request's own time is over. */
const LAST_LOOK_MS = 2_000;

export interface SubmitterOptions {
  /** How long one commitment may take from the moment it is its turn. */
  readonly requestTimeoutMs: number;
  /** How long one call may take. */
  readonly callTimeoutMs: number;
}

export interface SubmitterModules {
  readonly endpoint: Endpoint;
  readonly call: CommitmentCall;
  readonly keypair: Signer;
  readonly logger: Logger;
}

/** A signed transaction. Sending it twice runs it once: its digest is fixed. */
interface Signed {
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly digest: string;
}

/** One submission's limits. */
interface Request {
  readonly ticketId: string;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** Sends commitments, one at a time: two transactions in flight would name the same gas coin version. */
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
   * @throws AtomaError `commitment_rejected`, `transaction_rejected`, `chain_unavailable`, `cancelled`. The
   * last two carry `fields.digest` where a transaction was sent whose fate is unknown.
   */
  submit(commitment: Commitment, signal: AbortSignal): Promise<CommitmentReceipt> {
    return this.#queue.run(async () => {
      const deadlineMs = performance.now() + this.#options.requestTimeoutMs;
      return await this.#submit(commitment, { ticketId: commitment.ticketId, deadlineMs, signal });
    });
  }

  async #submit(commitment: Commitment, request: Request): Promise<CommitmentReceipt> {
    const backoff = new Backoff(RETRY);
    for (let builds = 1; ; builds++) {
      const verdict = await this.#buildAndExecute(commitment, request);
      if (verdict.kind === 'done') return { digest: verdict.digest, alreadyCommitted: false };
      if (verdict.kind === 'abort') return this.#onAbort(verdict, request);
      const { reason, digest } = verdict;
      if (builds === MAX_BUILDS) throw transactionRejected(request.ticketId, reason, digest);
      this.#modules.logger.warn(
        { ticketId: request.ticketId, reason, digest, builds },
        'the commitment had no effect; building it anew',
      );
      await pause(backoff.next(), request.signal);
    }
  }

  #onAbort(verdict: Extract<Verdict, { kind: 'abort' }>, request: Request): CommitmentReceipt {
    const { code, where, digest } = verdict;
    const { ticketId } = request;
    if (code === BigInt(ABORT.alreadyCommitted)) {
      this.#modules.logger.info({ ticketId }, 'the commitment already stands');
      return { digest: undefined, alreadyCommitted: true };
    }
    const abortCode = code <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(code) : code.toString();
    const sentence = abortSentence(Number(code));
    throw new AtomaError(
      'commitment_rejected',
      `the contract refused the commitment to ticket ${ticketId}: abort ${code} in ${where || 'an unnamed place'}: ${sentence}`,
      { fields: { ticketId, abortCode, where, digest } },
    );
  }

  async #buildAndExecute(commitment: Commitment, request: Request): Promise<Verdict> {
    const built = await this.#build(commitment, request);
    if ('kind' in built) return built;
    const signed = await this.#sign(built.bytes);
    this.#modules.logger.debug({ ticketId: request.ticketId, digest: signed.digest }, 'sending a commitment');
    try {
      return await this.#answered(request, 'sending a commitment', (options) =>
        this.#execute(signed, options),
      );
    } catch (error) {
      return await this.#lookUp(signed, error, request);
    }
  }

  /** The endpoint fills in object versions, gas coin, price and budget by a simulation. */
  #build(commitment: Commitment, request: Request): Promise<{ readonly bytes: Uint8Array } | Verdict> {
    const { call, keypair, endpoint } = this.#modules;
    return this.#answered(request, 'simulating a commitment', async ({ abort }) => {
      try {
        const tx = call.toTransaction(commitment, keypair.toSuiAddress());
        return { bytes: await orAborted(tx.build({ client: endpoint.client }), abort) };
      } catch (error) {
        if (abort.aborted) throw error;
        return verdictOfBuild(error);
      }
    });
  }

  async #sign(bytes: Uint8Array): Promise<Signed> {
    const { signature } = await this.#modules.keypair.signTransaction(bytes);
    const digest = TransactionDataBuilder.getDigestFromBytes(bytes);
    return { bytes, signature: fromBase64(signature), digest };
  }

  async #execute({ bytes, signature, digest }: Signed, options: CallOptions): Promise<Verdict> {
    const { transactionExecutionService } = this.#modules.endpoint.client;
    const { response } = await transactionExecutionService.executeTransaction(
      {
        transaction: { bcs: { value: bytes } },
        signatures: [{ bcs: { value: signature }, signature: { oneofKind: undefined } }],
        readMask: { paths: ['digest', 'effects.status'] },
      },
      options,
    );
    return verdictOf(digest, response.transaction?.effects?.status);
  }

  /** After a failed execution: it may have run all the same. */
  async #lookUp(signed: Signed, error: unknown, request: Request): Promise<Verdict> {
    const { digest } = signed;
    const { ticketId } = request;
    if (request.signal.aborted) throw cancelled('sending a commitment', { ticketId, digest });
    const found = await this.#getVerdict(digest, request.signal);
    if (found !== undefined) return found;
    if (error instanceof AtomaError) {
      const { url } = this.#modules.endpoint;
      throw chainUnavailable(url, 'sending a commitment', error.cause, { ticketId, digest });
    }
    return { kind: 'void', reason: describeError(error), digest };
  }

  async #getVerdict(digest: string, signal: AbortSignal): Promise<Verdict | undefined> {
    const { ledgerService } = this.#modules.endpoint.client;
    const readMask = { paths: ['digest', 'effects.status'] };
    const link = linkAbort(signal);
    const options = { abort: link.signal, timeout: LAST_LOOK_MS };
    try {
      const { response } = await ledgerService.getTransaction({ digest, readMask }, options);
      const status = response.transaction?.effects?.status;
      return status === undefined ? undefined : verdictOf(digest, status);
    } catch (error) {
      if (rpcCode(error) !== 'NOT_FOUND') {
        this.#modules.logger.warn({ digest, reason: describeError(error) }, 'cannot look a transaction up');
      }
      return undefined;
    } finally {
      link.release();
    }
  }

  #answered<T>(request: Request, doing: string, call: (options: CallOptions) => Promise<T>): Promise<T> {
    const { ticketId, deadlineMs, signal } = request;
    const { callTimeoutMs } = this.#options;
    const { endpoint, logger } = this.#modules;
    const options = { doing, callTimeoutMs, deadlineMs, signal, fields: { ticketId } };
    return untilAnswered(options, { url: endpoint.url, logger }, call);
  }
}

function transactionRejected(ticketId: string, reason: string, digest: string | undefined): AtomaError {
  return new AtomaError(
    'transaction_rejected',
    `the chain took no commitment to ticket ${ticketId} in ${MAX_BUILDS} tries, the last time because: ${reason}. Check that the wallet has SUI for gas.`,
    { fields: { ticketId, reason, digest } },
  );
}
