import type { Signer } from '@mysten/sui/cryptography';
import { normalizeSuiAddress } from '@mysten/sui/utils';
import type { Logger } from 'pino';
import {
  AtomaError,
  type ChainEvent,
  type Commitment,
  type CommitmentReceipt,
  type OracleVerdict,
  type PromptEvent,
  type SettleReceipt,
  type TicketOnChain,
} from '../../core/index.js';
import type {
  Chain,
  ChainBatch,
  ChainStatus,
  DutyOptions,
  FollowOptions,
  GasStatus,
  SubmitOptions,
} from '../chain.js';
import { CommitmentCall } from './commitment-call.js';
import { CommitmentSubmitter } from './commitment-submitter.js';
import { parseCursor } from './cursor.js';
import { type Endpoint, openEndpoint } from './endpoint.js';
import { EventSource } from './event-source.js';
import { EventFollower } from './follow.js';
import { GasWatch } from './gas-watch.js';
import { EventHistory } from './history.js';
import { linkAbort } from './linked-abort.js';
import { checkRegistration } from './registration.js';
import { chainUnavailable } from './rpc-errors.js';
import { SettlementCall } from './settlement-call.js';
import { SettlementSubmitter } from './settlement-submitter.js';
import { TicketReader } from './ticket-reader.js';
import { Tip } from './tip.js';
import { TransactionClient } from './transaction-client.js';
import { TransactionSubmitter } from './transactions.js';
import { VerdictReader } from './verdict-reader.js';

/** Sui makes several checkpoints a second and a stream reports each of them: 30 s of silence is no pause. */
const IDLE_LIMIT_MS = 30_000;
/** Execution takes about a second; an attempt that takes 10 is worth another one with the same bytes. */
const CALL_TIMEOUT_MS = 10_000;
/** Thousands of prompts: what comes in while a long history is read. Beyond it the history is read again. */
const SPOOL_LIMIT_BYTES = 32 * 1024 * 1024;

export interface SuiChainOptions {
  /** `https://host[:port]` or `http://host[:port]` of a Sui full node with gRPC. */
  readonly httpUrl: string;
  /** `user:password`. */
  readonly basicAuth?: string | undefined;
  /** The package that defines the events: its first version. */
  readonly packageId: string;
  /** The package that is called: its newest version. */
  readonly callPackageId: string;
  readonly atomaDbId: string;
  readonly nodeBadgeId: string;
  readonly smallId: bigint;
  /** How long one commitment may take before `chain_unavailable`. */
  readonly requestTimeoutMs: number;
  /** A stream silent for so long is dead. Default 30 s. */
  readonly idleLimitMs?: number;
  /** How much may wait of live events while history is read. Default 32 MiB. */
  readonly spoolLimitBytes?: number;
  /** How long no new checkpoint may come before the log says so. Default 10 s. */
  readonly stallMs?: number;
}

export interface SuiChainModules {
  readonly logger: Logger;
  /** The node's wallet: pays for and signs commitments. */
  readonly keypair: Signer;
  /** Ends the calls of {@link SuiChain.create}, which then throws `chain_unavailable`. */
  readonly signal?: AbortSignal;
}

interface Parts {
  readonly chainId: string;
  readonly packageId: string;
  readonly callTimeoutMs: number;
  readonly address: string;
  readonly endpoint: Endpoint;
  readonly tip: Tip;
  readonly follower: EventFollower;
  readonly gas: GasWatch;
  readonly client: TransactionClient;
  readonly past: EventHistory;
  readonly commitments: CommitmentSubmitter;
  readonly settlements: SettlementSubmitter;
  readonly tickets: TicketReader;
  readonly verdicts: VerdictReader;
}

/** The contract on Sui, through a full node's gRPC API. */
export class SuiChain implements Chain {
  readonly name = 'sui';
  readonly #parts: Parts;
  readonly #closing = new AbortController();

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Connects and checks everything that would make commitments fail later.
   * @throws AtomaError `invalid_endpoint`, `chain_unavailable`, `unsupported_contract`, `object_not_found`,
   * `wrong_object_type`, `badge_not_owned`, `small_id_mismatch`
   */
  static async create(options: SuiChainOptions, modules: SuiChainModules): Promise<SuiChain> {
    const callTimeoutMs = Math.min(CALL_TIMEOUT_MS, options.requestTimeoutMs);
    const { httpUrl: url, basicAuth } = options;
    const endpoint = openEndpoint({ url, basicAuth, callTimeoutMs });
    const onAbort = (): void => endpoint.close();
    modules.signal?.addEventListener('abort', onAbort);
    try {
      return await SuiChain.#connect(options, callTimeoutMs, endpoint, modules);
    } catch (error) {
      endpoint.close();
      if (error instanceof AtomaError) throw error;
      throw chainUnavailable(endpoint.url, 'connecting', error);
    } finally {
      modules.signal?.removeEventListener('abort', onAbort);
    }
  }

  static async #connect(
    options: SuiChainOptions,
    callTimeoutMs: number,
    endpoint: Endpoint,
    modules: SuiChainModules,
  ): Promise<SuiChain> {
    const { logger, keypair } = modules;
    const { atomaDbId, nodeBadgeId, smallId, callPackageId, requestTimeoutMs } = options;
    const address = keypair.toSuiAddress();
    const packageId = normalizeSuiAddress(options.packageId);
    const idleLimitMs = options.idleLimitMs ?? IDLE_LIMIT_MS;
    const spoolLimitBytes = options.spoolLimitBytes ?? SPOOL_LIMIT_BYTES;
    const { chainIdentifier: chainId } = await endpoint.client.core.getChainIdentifier();
    await checkRegistration({ atomaDbId, nodeBadgeId, smallId, owner: address }, { endpoint });
    const callOptions = { packageId: callPackageId, atomaDbId, nodeBadgeId };
    const call = await CommitmentCall.read(callOptions, { endpoint });
    const settlementCall = await SettlementCall.read(callOptions, { endpoint });
    for (const reason of settlementCall.lacking) logger.warn(reason);
    const tip = new Tip();
    const source = new EventSource({ packageId, idleLimitMs }, { endpoint });
    const follower = new EventFollower(
      { chainId, packageId, spoolLimitBytes, smallId, stallMs: options.stallMs },
      { source, endpoint, tip, logger },
    );
    const past = new EventHistory({ smallId }, { source, endpoint, logger });
    const gas = new GasWatch({ address, callTimeoutMs }, { endpoint, logger });
    const client = new TransactionClient({ callTimeoutMs }, { endpoint, keypair, logger });
    const submitter = new TransactionSubmitter({ requestTimeoutMs }, { client, gas, logger });
    const commitments = new CommitmentSubmitter({ submitter, call, logger });
    const settlements = new SettlementSubmitter({ submitter, client, call: settlementCall });
    const tickets = new TicketReader({ callTimeoutMs }, { endpoint, logger });
    const verdicts = new VerdictReader({ callTimeoutMs }, { endpoint, logger });
    logger.info({ endpoint: endpoint.url, chainId, address, smallId: `${smallId}` }, 'connected to Sui');
    const scope = { chainId, packageId };
    return new SuiChain({
      ...scope,
      ...{ callTimeoutMs, address, endpoint, tip, follower, past, gas, client },
      ...{ commitments, settlements, tickets, verdicts },
    });
  }

  status(): ChainStatus {
    const { endpoint, chainId, address, tip, gas } = this.#parts;
    return {
      endpoint: endpoint.url,
      chainId,
      address,
      following: tip.following,
      checkpoint: tip.checkpoint,
      gas: gas.status,
    };
  }

  async *follow(options: FollowOptions): AsyncGenerator<ChainBatch, void, void> {
    const link = linkAbort(options.signal, this.#closing.signal);
    try {
      yield* this.#parts.follower.follow({ ...options, signal: link.signal });
    } finally {
      link.release();
    }
  }

  checkpointOf(cursor: string): bigint | undefined {
    return parseCursor(this.#parts, cursor).checkpoint;
  }

  submitCommitment(commitment: Commitment, options: SubmitOptions): Promise<CommitmentReceipt> {
    const { commitments } = this.#parts;
    return this.#until(options.signal, (signal) => commitments.submit(commitment, { ...options, signal }));
  }

  tryToSettle(ticketId: string, options: DutyOptions): Promise<SettleReceipt> {
    const { settlements } = this.#parts;
    return this.#until(options.signal, (signal) => settlements.tryToSettle(ticketId, { signal }));
  }

  settleDispute(verdict: OracleVerdict, options: DutyOptions): Promise<string> {
    const { settlements } = this.#parts;
    return this.#until(options.signal, (signal) => settlements.settleDispute(verdict, { signal }));
  }

  readVerdict(digest: string, signal: AbortSignal): Promise<OracleVerdict | undefined> {
    return this.#until(signal, (linked) => this.#parts.verdicts.read(digest, linked));
  }

  readTicket(ticketId: string, signal: AbortSignal): Promise<TicketOnChain | undefined> {
    return this.#until(signal, (linked) => this.#parts.tickets.read(ticketId, linked));
  }

  refreshGas(signal: AbortSignal): Promise<GasStatus> {
    return this.#until(signal, (linked) => this.#parts.gas.refresh(linked));
  }

  transactionOutcome(digest: string, signal: AbortSignal): Promise<'succeeded' | 'failed' | 'unknown'> {
    const { client, callTimeoutMs } = this.#parts;
    return this.#until(signal, async (linked) => {
      const deadlineMs = performance.now() + callTimeoutMs;
      const found = await client.find(digest, { deadlineMs, signal: linked, fields: { digest } });
      if (found === undefined) return 'unknown';
      return found.verdict.kind === 'done' ? 'succeeded' : 'failed';
    });
  }

  async findPrompt(ticketId: string, signal: AbortSignal): Promise<PromptEvent | undefined> {
    const link = linkAbort(signal, this.#closing.signal);
    try {
      return await this.#parts.past.findPrompt(ticketId, link.signal);
    } finally {
      link.release();
    }
  }

  async *history(range: Parameters<Chain['history']>[0]): AsyncGenerator<readonly ChainEvent[], void, void> {
    const link = linkAbort(range.signal, this.#closing.signal);
    try {
      yield* this.#parts.past.history(range.from, range.to, link.signal);
    } finally {
      link.release();
    }
  }

  /** Ends what is running, follows and submissions alike, and the connection. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#parts.gas.close();
    this.#parts.endpoint.close();
  }

  /** Work that ends when `signal` or the chain does. */
  async #until<T>(signal: AbortSignal, work: (linked: AbortSignal) => Promise<T>): Promise<T> {
    const link = linkAbort(signal, this.#closing.signal);
    try {
      return await work(link.signal);
    } finally {
      link.release();
    }
  }
}
