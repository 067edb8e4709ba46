import type { Signer } from '@mysten/sui/cryptography';
import type { GrpcTypes } from '@mysten/sui/grpc';
import { type Transaction, TransactionDataBuilder } from '@mysten/sui/transactions';
import { fromBase64 } from '@mysten/sui/utils';
import type { Logger } from 'pino';
import { AtomaError, type SignedTransaction } from '../../core/index.js';
import type { Endpoint } from './endpoint.js';
import { type CallOptions, orAborted, untilAnswered } from './persistent-call.js';
import { chainUnavailable, rpcCode } from './rpc-errors.js';
import { isEndpointRefusal, type Verdict, verdictOf, verdictOfBuild } from './transaction-verdict.js';

/** What is always asked of a transaction that ran. */
const READ_FIELDS = ['digest', 'effects.status', 'effects.gas_used'];
/** What is asked of a simulation: paths start at its response. */
const SIMULATION_MASK = { paths: ['transaction.events'] };

/** How long a caller waits, and what it is about. */
export interface CallLimits {
  /** When to give up, on `performance.now()`'s clock. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  /** Joined to errors and log lines. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A transaction on the ledger. */
export interface Executed {
  readonly verdict: Verdict;
  readonly gasUsed: GrpcTypes.GasCostSummary | undefined;
  /** As the endpoint sent it, with the fields that were asked for. */
  readonly transaction: GrpcTypes.ExecutedTransaction | undefined;
}

/** A transaction with nothing left open, not yet signed. */
export interface Built {
  readonly bytes: Uint8Array;
  /** In MIST. */
  readonly budget: bigint;
}

export interface TransactionClientOptions {
  readonly callTimeoutMs: number;
  /** What is asked of a transaction that ran, beyond its status and gas; names as in a gRPC read mask. */
  readonly fields?: readonly string[];
}

/**
 * Builds, signs, sends and looks up transactions. Every call is repeated until the endpoint answers; all throw
 * AtomaError `chain_unavailable` at the deadline, and `cancelled`.
 */
export class TransactionClient {
  readonly #options: TransactionClientOptions;
  readonly #modules: { readonly endpoint: Endpoint; readonly keypair: Signer; readonly logger: Logger };

  constructor(
    options: TransactionClientOptions,
    modules: { readonly endpoint: Endpoint; readonly keypair: Signer; readonly logger: Logger },
  ) {
    this.#options = options;
    this.#modules = modules;
  }

  /** The wallet's address. */
  get address(): string {
    return this.#modules.keypair.toSuiAddress();
  }

  /** Of the endpoint, without credentials. */
  get url(): string {
    return this.#modules.endpoint.url;
  }

  /**
   * The endpoint fills in object versions, gas coin, price and budget by a simulation.
   * @param noun what it is, for errors: `commitment`; the same below
   */
  build(transaction: () => Transaction, limits: CallLimits, noun: string): Promise<Built | Verdict> {
    const { endpoint } = this.#modules;
    return this.#answered(limits, `simulating a ${noun}`, async ({ abort }) => {
      try {
        const bytes = await orAborted(transaction().build({ client: endpoint.client }), abort);
        const { budget } = TransactionDataBuilder.fromBytes(bytes).snapshot().gasData;
        return { bytes, budget: BigInt(budget ?? 0) };
      } catch (error) {
        if (abort.aborted) throw error;
        return verdictOfBuild(error);
      }
    });
  }

  /** What a built transaction would do, with the fields that are asked of one that ran. */
  simulate(
    { bytes }: Built,
    limits: CallLimits,
    noun: string,
  ): Promise<GrpcTypes.ExecutedTransaction | undefined> {
    return this.#answered(limits, `simulating a ${noun}`, async (options) => {
      const { transactionExecutionService } = this.#modules.endpoint.client;
      const paths = this.#readMask.paths.map((path) => `transaction.${path}`);
      const { response } = await transactionExecutionService.simulateTransaction(
        { transaction: { bcs: { value: bytes } }, readMask: { paths } },
        options,
      );
      return response.transaction;
    });
  }

  /**
   * The types of the events that a built transaction would emit now, `address::module::Name`; none where it would
   * fail.
   */
  eventTypes({ bytes }: Built, limits: CallLimits, noun: string): Promise<readonly string[]> {
    return this.#answered(limits, `simulating a ${noun}`, async (options) => {
      const { transactionExecutionService } = this.#modules.endpoint.client;
      const { response } = await transactionExecutionService.simulateTransaction(
        { transaction: { bcs: { value: bytes } }, readMask: SIMULATION_MASK },
        options,
      );
      return (response.transaction?.events?.events ?? []).map(({ eventType }) => eventType ?? '');
    });
  }

  async sign(bytes: Uint8Array): Promise<SignedTransaction> {
    const { signature } = await this.#modules.keypair.signTransaction(bytes);
    const digest = TransactionDataBuilder.getDigestFromBytes(bytes);
    return { bytes, signature: fromBase64(signature), digest };
  }

  /**
   * Sends the same bytes until there is an answer; a second time they change nothing and are answered alike.
   * @throws what gRPC throws where the chain refuses it
   */
  execute(
    { bytes, signature, digest }: SignedTransaction,
    limits: CallLimits,
    noun: string,
  ): Promise<Executed> {
    return this.#answered(limits, `sending a ${noun}`, async (options) => {
      const { transactionExecutionService } = this.#modules.endpoint.client;
      const { response } = await transactionExecutionService.executeTransaction(
        {
          transaction: { bcs: { value: bytes } },
          signatures: [{ bcs: { value: signature }, signature: { oneofKind: undefined } }],
          readMask: this.#readMask,
        },
        options,
      );
      return executed(digest, response.transaction);
    });
  }

  /** Looks a transaction up; undefined where the endpoint does not have it. */
  async find(digest: string, limits: CallLimits): Promise<Executed | undefined> {
    const doing = 'looking a transaction up';
    try {
      return await this.#answered(limits, doing, async (options) => {
        const { ledgerService } = this.#modules.endpoint.client;
        const { response } = await ledgerService.getTransaction(
          { digest, readMask: this.#readMask },
          options,
        );
        const { transaction } = response;
        return transaction?.effects?.status === undefined ? undefined : executed(digest, transaction);
      });
    } catch (error) {
      if (error instanceof AtomaError) throw error;
      if (rpcCode(error) === 'NOT_FOUND') return undefined;
      throw chainUnavailable(this.#modules.endpoint.url, doing, error, limits.fields);
    }
  }

  get #readMask(): { paths: string[] } {
    return { paths: [...READ_FIELDS, ...(this.#options.fields ?? [])] };
  }

  async #answered<T>(
    limits: CallLimits,
    doing: string,
    call: (options: CallOptions) => Promise<T>,
  ): Promise<T> {
    const { endpoint, logger } = this.#modules;
    const options = { doing, callTimeoutMs: this.#options.callTimeoutMs, ...limits };
    try {
      return await untilAnswered(options, { url: endpoint.url, logger }, call);
    } catch (error) {
      if (error instanceof AtomaError || !isEndpointRefusal(error)) throw error;
      throw chainUnavailable(endpoint.url, doing, error, limits.fields);
    }
  }
}

function executed(digest: string, transaction: GrpcTypes.ExecutedTransaction | undefined): Executed {
  const { status, gasUsed } = transaction?.effects ?? {};
  return { verdict: verdictOf(digest, status), gasUsed, transaction };
}
