import type { Logger } from 'pino';
import {
  Accounts,
  type DevnetManager,
  type DevnetNode,
  type DevnetOperator,
  type DevnetUser,
  type NodeRequest,
} from './accounts.js';
import { Books, type DevnetTicket } from './books.js';
import type { EchelonRequest } from './catalogue.js';
import { Clock } from './clock.js';
import { CommitmentLog, type DevnetCommitment } from './commitment-log.js';
import { tomaType } from './contract/names.js';
import type { SettledTicket, Slash } from './contract/records.js';
import { EventIndex } from './event-index.js';
import { createGenesis, type Genesis } from './genesis.js';
import { Levers } from './levers.js';
import { type DevnetOptions, devnetOptions } from './options.js';
import { SeededRandom, SYSTEM_RANDOM } from './random.js';
import { GrpcServer } from './server.js';
import { EventFrames } from './services/event-frames.js';
import { executionService } from './services/execution-service.js';
import { ledgerService } from './services/ledger-service.js';
import { packageService } from './services/package-service.js';
import { SUI_COIN_INFO, stateService } from './services/state-service.js';
import { Subscriptions } from './services/subscription-service.js';

export type { DevnetManager, DevnetNode, DevnetOperator, DevnetUser, NodeRequest } from './accounts.js';
export type { DevnetTicket } from './books.js';
export type { EchelonRequest } from './catalogue.js';
export type { DevnetCommitment } from './commitment-log.js';
export type { SettledTicket, Slash } from './contract/records.js';

/** Events that one `ListEvents` call looks at before it ends with `SCAN_LIMIT`. */
const SCAN_LIMIT_EVENTS = 10_000;
/** As SUI: the contract's coin is shown with nine decimals. */
const TOMA_DECIMALS = 9;

interface Parts {
  readonly options: DevnetOptions;
  readonly genesis: Genesis;
  readonly clock: Clock;
  readonly index: EventIndex;
  readonly subscriptions: Subscriptions;
  readonly commitments: CommitmentLog;
  readonly levers: Levers;
  readonly server: GrpcServer;
  readonly port: number;
}

/**
 * The chain in a box: Sui's gRPC services with the contract's rules behind them, for a wallet, a user and
 * nodes. Everything is in memory and gone when it stops.
 */
export class Devnet {
  /** `http://HOST:PORT`; native HTTP/2, no gRPC-web. */
  readonly url: string;
  /** Digest of checkpoint 0, base58. */
  readonly chainId: string;
  readonly packageId: string;
  readonly tomaPackageId: string;
  readonly atomaDbId: string;
  /** The model that is registered at genesis. */
  readonly model: string;
  /** Who may add models. */
  readonly manager: DevnetManager;
  readonly #parts: Parts;
  readonly #accounts: Accounts;
  readonly #books: Books;
  readonly #ticker: NodeJS.Timeout;

  private constructor(parts: Parts, accounts: Accounts) {
    const { options, genesis, port } = parts;
    const { ids, ledger } = genesis;
    this.#parts = parts;
    this.#accounts = accounts;
    this.#books = new Books(genesis);
    this.url = `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`;
    this.chainId = ledger.checkpoints.digest(0n);
    this.packageId = ids.packageId;
    this.tomaPackageId = ids.tomaPackageId;
    this.atomaDbId = ids.atomaDbId;
    this.model = options.model;
    this.manager = accounts.manager();
    this.#ticker = setInterval(() => ledger.tick(), options.checkpointMs);
    this.#ticker.unref();
  }

  /**
   * Makes the chain, publishes the contract on it, registers the model, and listens.
   * @throws AtomaError `invalid_options`, `listen_failed`
   */
  static async start(given: Partial<DevnetOptions>, modules: { readonly logger: Logger }): Promise<Devnet> {
    const options = devnetOptions(given);
    const clock = new Clock();
    const random = options.seed === undefined ? SYSTEM_RANDOM : new SeededRandom(options.seed);
    const genesis = createGenesis(options, { random, clock });
    const { ledger } = genesis;
    const accounts = new Accounts(options, { genesis, random });
    accounts.catalogue.addModel(options.model);
    const index = new EventIndex({ scanLimit: SCAN_LIMIT_EVENTS }, { ledger });
    const frames = new EventFrames();
    const subscriptions = new Subscriptions({ ledger, frames });
    const commitments = new CommitmentLog({ packageId: genesis.ids.packageId }, { ledger });
    const server = new GrpcServer(
      [
        ledgerService({ ledger, index, frames, chainId: ledger.checkpoints.digest(0n) }),
        subscriptions.binding(),
        executionService(ledger),
        stateService({ coins: [SUI_COIN_INFO, tomaInfo(genesis)] }, { ledger }),
        packageService(ledger.functions),
      ],
      modules,
    );
    const port = await server.listen(options.host, options.port);
    const levers = new Levers(genesis);
    const parts = { options, genesis, clock, index, subscriptions, commitments, levers, server, port };
    const devnet = new Devnet(parts, accounts);
    modules.logger.info({ url: devnet.url, chainId: devnet.chainId }, 'The dev chain is up');
    return devnet;
  }

  /** A new key with gas and collateral, registered, and subscribed to the model in echelon 0. */
  addNode(request: NodeRequest = {}): DevnetNode {
    return this.#accounts.addNode(request);
  }

  /** A new key with gas and TOMA for collateral that nobody has registered. */
  addOperator(): DevnetOperator {
    return this.#accounts.addOperator();
  }

  /**
   * Adds a model with echelon 0, at the chain's fees.
   * @param modality in the contract's numbering: 0 text2text, 1 text2image
   * @throws AtomaError `devnet_setup_failed` where it is there already
   */
  addModel(name: string, modality?: bigint): void {
    this.#accounts.catalogue.addModel(name, modality);
  }

  /** @throws AtomaError `devnet_setup_failed` where the model is not there, or the echelon is already */
  addEchelon(request: EchelonRequest): void {
    this.#accounts.catalogue.addEchelon(request);
  }

  /** Sends a gas coin out of the faucet. */
  payNode(address: string, amountMist: bigint): void {
    this.#accounts.pay(address, amountMist);
  }

  /** A new key with gas and a coin of TOMA. */
  addUser(): DevnetUser {
    return this.#accounts.addUser();
  }

  /** What a node earned with a ticket, in the smallest unit of TOMA; undefined before it is settled. */
  feeEarned(ticketId: string, smallId: bigint): bigint | undefined {
    return this.#books.feeEarned(ticketId, smallId);
  }

  /** A ticket that is being settled; undefined where there is none, or it has settled. */
  ticket(ticketId: string): DevnetTicket | undefined {
    return this.#books.ticket(ticketId);
  }

  /** How tickets came out: who was paid what, oldest first. */
  settlements(): readonly SettledTicket[] {
    return this.#books.settlements();
  }

  /** What nodes lost and why, oldest first. */
  slashes(): readonly Slash[] {
    return this.#books.slashes();
  }

  /** What a node has lost so far, in the smallest unit of TOMA. */
  slashed(smallId: bigint): bigint {
    return this.#books.slashed(smallId);
  }

  /** What is left of a node's collateral, in the smallest unit of TOMA; undefined where there is no such node. */
  collateral(smallId: bigint): bigint | undefined {
    return this.#books.collateral(smallId);
  }

  /** Collateral that nodes have lost, in the smallest unit of TOMA: it stays with the contract. */
  treasury(): bigint {
    return this.#books.treasury();
  }

  /** Every `submit_commitment` that was executed so far, oldest first, whether it succeeded or aborted. */
  commitments(): readonly DevnetCommitment[] {
    return this.#parts.commitments.all;
  }

  /**
   * Asks one more node to commit to an open ticket with leaves to spare: one of a prompt without
   * `nodes_to_sample` on a chain with `crossValidationChunks` above 1 and no `crossValidationPermille`. Such a
   * ticket settles once all its leaves are there, or by `try_to_settle` without those that nobody was asked for.
   * @throws AtomaError `devnet_setup_failed` where the ticket or the node does not exist or none fits in
   */
  sampleMore(ticketId: string, smallId: bigint): void {
    this.#parts.levers.sampleMore(ticketId, smallId);
  }

  /**
   * Calls `settlement::try_to_settle` as somebody who has no part in the ticket.
   * @throws AtomaError `devnet_setup_failed` where the ticket is gone
   */
  tryToSettle(ticketId: string): void {
    this.#parts.levers.tryToSettle(ticketId);
  }

  /**
   * Emits an event that no contract made, in a checkpoint of its own.
   * @param type `address::module::Name`; the address canonical, `0x` and 64 digits
   * @returns the event's id, `digest:index`
   */
  emitRaw(type: string, bytes: Uint8Array): string {
    const [packageId = '', module = ''] = type.split('::');
    const event = { packageId, module, type, bytes, json: undefined };
    return `${this.#parts.genesis.ledger.emit([event]).digest}:0`;
  }

  /** Moves the chain's clock forward, over as many epochs as that takes. */
  advance(ms: number): void {
    this.#parts.clock.advance(ms);
    this.#parts.genesis.ledger.tick();
  }

  /** Ends the epoch now. */
  nextEpoch(): void {
    this.#parts.genesis.ledger.nextEpoch();
  }

  /** Ends all subscriptions with `UNAVAILABLE`; clients may come back at once. */
  dropStreams(): void {
    this.#parts.subscriptions.drop();
  }

  /** Lets `ListEvents` trail: it sees nothing newer than now until the returned function is called. */
  holdIndex(): () => void {
    return this.#parts.index.hold();
  }

  /**
   * Throws away all history until now, as a pruning full node does. Reads of it fail: `GetTransaction` and
   * `GetCheckpoint` with `NOT_FOUND`, `ListEvents` from a place in it with `INVALID_ARGUMENT`.
   */
  prune(): void {
    const { ledger } = this.#parts.genesis;
    ledger.checkpoints.prune();
    // A full node has its newest checkpoint at least.
    ledger.tick();
  }

  /**
   * Cuts all connections and stops listening, as a full node that is restarted; the chain itself goes on. The
   * returned function listens again, on the same port, with the same ledger.
   */
  async goOffline(): Promise<() => Promise<void>> {
    const { options, server, port } = this.#parts;
    await server.cut();
    return async () => {
      await server.listen(options.host, port);
    };
  }

  /** Ends every call and gives the port back. */
  async stop(): Promise<void> {
    clearInterval(this.#ticker);
    this.#parts.subscriptions.drop();
    await this.#parts.server.close();
  }
}

function tomaInfo({ ids }: Genesis) {
  const coinType = tomaType(ids);
  const description = 'Token of the Atoma network, as this dev chain has it';
  return { coinType, name: 'Toma', symbol: 'TOMA', description, decimals: TOMA_DECIMALS };
}
