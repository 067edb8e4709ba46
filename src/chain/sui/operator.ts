import type { Signer } from '@mysten/sui/cryptography';
import type { Logger } from 'pino';
import { AtomaError, decimalText, type SignedTransaction } from '../../core/index.js';
import { ABORT, isMissingField } from './abort-codes.js';
import { findDisabledEpoch } from './disabled-epoch.js';
import { type Endpoint, openEndpoint } from './endpoint.js';
import { type EpochState, readEpoch } from './epoch.js';
import { EventSource } from './event-source.js';
import { linkAbort } from './linked-abort.js';
import { findEchelonPosition, findNodeIndex, type IndexTrial } from './node-index.js';
import type { OperatorAction, OperatorCall } from './operator-call.js';
import {
  type OperatorContract,
  type OperatorContractOptions,
  readOperatorContract,
  type TokenInfo,
} from './operator-contract.js';
import { isNotEnough, notEnoughCollateral, operatorError } from './operator-errors.js';
import { type Forecast, type OperatorReceipt, OperatorSender } from './operator-sender.js';
import { listBadges, listCoins, type OwnedBadge } from './owned-objects.js';
import { asking, chainUnavailable } from './rpc-errors.js';
import type { Verdict } from './transaction-verdict.js';

const SUI_TYPE = '0x2::sui::SUI';
/** A healthy endpoint simulates in well under a second. */
const CALL_TIMEOUT_MS = 10_000;
/** Sui's limit of arguments of one command is 512. */
const MAX_MERGED_COINS = 256;
/** Others leave an echelon seldom; several times within the seconds between look and send means something else. */
const MAX_INDEX_LOOKS = 5;
/** No echelon has that many nodes: leaving at this index is refused, and the refusal tells why. */
const NO_INDEX = 2n ** 64n - 1n;

export interface SuiOperatorOptions extends OperatorContractOptions {
  /** `https://host[:port]` or `http://host[:port]` of a Sui full node with gRPC. */
  readonly httpUrl: string;
  /** `user:password`. */
  readonly basicAuth: string | undefined;
  /** How long one action may take. */
  readonly requestTimeoutMs: number;
}

/** What an action would do; hand it to {@link SuiOperator.send}. */
export interface OperatorPreview extends Forecast {
  readonly action: OperatorAction;
  readonly call: OperatorCall;
  /** What it may cost at most, in MIST. */
  readonly budgetMist: bigint;
}

/** What a wallet holds, in the smallest units. */
export interface OperatorBalances {
  readonly mist: bigint;
  readonly token: bigint;
}

interface Parts {
  readonly address: string;
  readonly endpoint: Endpoint;
  readonly contract: OperatorContract;
  readonly sender: OperatorSender;
  readonly source: EventSource;
  readonly logger: Logger;
}

interface SendOptions {
  /** Told of each transaction before it is sent; waited for. */
  readonly onSigned: (transaction: SignedTransaction) => void | Promise<void>;
}

/**
 * What an operator does to a registration on Sui: everything is simulated first, and nothing is sent twice. All
 * methods throw AtomaError `chain_unavailable` where the endpoint does not answer, and `cancelled` after
 * {@link SuiOperator.close}.
 */
export class SuiOperator {
  readonly #parts: Parts;
  readonly #closing = new AbortController();

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * @throws AtomaError `invalid_endpoint`, `chain_unavailable`, `object_not_found`, `wrong_object_type`,
   * `unsupported_contract`
   */
  static async connect(
    options: SuiOperatorOptions,
    modules: { readonly keypair: Signer; readonly logger: Logger },
  ): Promise<SuiOperator> {
    const { httpUrl: url, basicAuth, requestTimeoutMs } = options;
    const callTimeoutMs = Math.min(CALL_TIMEOUT_MS, requestTimeoutMs);
    const endpoint = openEndpoint({ url, basicAuth, callTimeoutMs });
    try {
      const contract = await readOperatorContract(options, { endpoint });
      const all = { ...modules, endpoint, contract };
      const sender = new OperatorSender({ callTimeoutMs, requestTimeoutMs }, all);
      const packageId = contract.definingPackageId;
      const source = new EventSource({ packageId, idleLimitMs: callTimeoutMs }, { endpoint });
      const address = modules.keypair.toSuiAddress();
      return new SuiOperator({ address, endpoint, contract, sender, source, logger: modules.logger });
    } catch (error) {
      endpoint.close();
      if (error instanceof AtomaError) throw error;
      throw chainUnavailable(endpoint.url, 'reading the contract', error);
    }
  }

  /** The wallet's address. */
  get address(): string {
    return this.#parts.address;
  }

  /** The endpoint's, without credentials. */
  get url(): string {
    return this.#parts.endpoint.url;
  }

  get token(): TokenInfo {
    return this.#parts.contract.token;
  }

  /** The badges that the wallet owns, the newest registration first. */
  badges(): Promise<readonly OwnedBadge[]> {
    const { address, contract, endpoint } = this.#parts;
    return asking(this.url, "listing the wallet's badges", () =>
      listBadges(address, `${contract.definingPackageId}::db::NodeBadge`, { endpoint }),
    );
  }

  balances(): Promise<OperatorBalances> {
    const { address, endpoint } = this.#parts;
    return asking(this.url, "reading the wallet's balances", async () => {
      const [mist, token] = await Promise.all(
        [SUI_TYPE, this.token.coinType].map(async (coinType) => {
          const { response } = await endpoint.client.stateService.getBalance({ owner: address, coinType });
          return response.balance?.balance ?? 0n;
        }),
      );
      return { mist: mist ?? 0n, token: token ?? 0n };
    });
  }

  epoch(): Promise<EpochState> {
    return asking(this.url, 'asking for the epoch', () => readEpoch(this.#parts));
  }

  /** The epoch in which a badge's node was disabled, where the endpoint's history still tells. */
  disabledEpoch(badgeId: string): Promise<bigint | undefined> {
    return asking(this.url, 'searching when the node was disabled', () =>
      findDisabledEpoch(badgeId, this.#parts),
    );
  }

  /**
   * Whether the node was disabled for ever, told by simulating it.
   * @throws AtomaError as {@link SuiOperator.preview}
   */
  async isDisabled(badgeId: string): Promise<boolean> {
    const verdict = await this.#try({ kind: 'disable', badgeId });
    if (isAbort(verdict, ABORT.alreadyDisabled)) return true;
    if (verdict === undefined) return false;
    throw operatorError({ kind: 'disable', badgeId }, verdict, this.address);
  }

  /**
   * Whether a node is subscribed to a model, told by simulating that it leaves at a place that cannot be.
   * @throws AtomaError as {@link SuiOperator.preview}
   */
  async isSubscribed(node: OwnedBadge, model: string): Promise<boolean> {
    const call = { kind: 'unsubscribe', ...node, model, index: NO_INDEX } as const;
    const verdict = await this.#try(call);
    if (verdict?.kind === 'unpaid') throw operatorError(call, verdict, this.address);
    const isUnknown = verdict?.kind === 'abort' && isMissingField(verdict.module, verdict.code);
    return !(isUnknown || isAbort(verdict, ABORT.notSubscribed));
  }

  /**
   * What an action would do.
   * @throws AtomaError `contract_refused` with the contract's abort code in `fields.abortCode`;
   * `not_enough_collateral`, `out_of_gas`, `transaction_rejected`, `node_index_not_found`
   */
  async preview(action: OperatorAction): Promise<OperatorPreview> {
    if (action.kind === 'register') return await this.#previewRegistration();
    const call = await this.#callOf(action);
    const prepared = await this.#prepare(call);
    if ('kind' in prepared) throw operatorError(action, prepared, this.address);
    return { ...prepared, action, call };
  }

  /**
   * Does what was shown.
   * @throws AtomaError as {@link SuiOperator.preview}; `preview_outdated`, `gas_budget_too_high`; `outcome_unknown`
   * with `fields.digest` where a transaction was sent whose fate nobody tells
   */
  async send(preview: OperatorPreview, { onSigned }: SendOptions): Promise<OperatorReceipt> {
    const { action } = preview;
    let { call } = preview;
    for (let looks = 1; ; looks++) {
      const options = { signal: this.#closing.signal, onSigned };
      const result = await asking(this.url, 'sending', () => this.#parts.sender.send(call, preview, options));
      if (!('kind' in result)) return result;
      const raced = action.kind === 'unsubscribe' && isAbort(result, ABORT.nodeIndexMismatch);
      if (!raced || looks === MAX_INDEX_LOOKS) throw operatorError(action, result, this.address);
      this.#parts.logger.warn({ looks }, 'another node left the echelon; looking the index up again');
      call = await this.#callOf(action);
    }
  }

  /** Ends what runs, and the connection. */
  close(): void {
    this.#closing.abort();
    this.#parts.endpoint.close();
  }

  async #previewRegistration(): Promise<OperatorPreview> {
    const action = { kind: 'register' } as const;
    const coins = await asking(this.url, "listing the wallet's coins", () =>
      listCoins(this.address, this.token.coinType, this.#parts),
    );
    const total = coins.reduce((sum, { balance }) => sum + balance, 0n);
    const [largest, ...others] = coins.slice(0, MAX_MERGED_COINS).map(({ id }) => id);
    if (largest === undefined) throw notEnoughCollateral(this.address, this.#tokens(total), 0);
    const calls: OperatorCall[] = [{ ...action, coins: [largest] }];
    // Merging costs gas, and is for a wallet whose coins are too small one by one.
    if (others.length > 0) calls.push({ ...action, coins: [largest, ...others] });
    for (const call of calls) {
      const prepared = await this.#prepare(call);
      if (!('kind' in prepared)) return { ...prepared, action, call };
      if (!isNotEnough(prepared)) throw operatorError(action, prepared, this.address);
    }
    throw notEnoughCollateral(this.address, this.#tokens(total), coins.length);
  }

  /** An action with what it takes to call it. */
  async #callOf(action: Exclude<OperatorAction, { kind: 'register' }>): Promise<OperatorCall> {
    if (action.kind !== 'unsubscribe') return action;
    const link = linkAbort(this.#closing.signal);
    try {
      const position = await asking(this.url, "searching the node's subscription", () =>
        findEchelonPosition(action, this.#parts, link.signal),
      );
      const index = await findNodeIndex(position, (candidate) => this.#tryIndex(action, candidate));
      return { ...action, index };
    } finally {
      link.release();
    }
  }

  async #tryIndex(
    action: Extract<OperatorAction, { kind: 'unsubscribe' }>,
    index: bigint,
  ): Promise<IndexTrial> {
    const verdict = await this.#try({ ...action, index });
    if (verdict === undefined) return 'here';
    if (isAbort(verdict, ABORT.nodeIndexMismatch)) return 'elsewhere';
    // Sui's own tables, asked for a place that they do not have.
    if (verdict.kind === 'abort' && verdict.module === 'table_vec') return 'beyond';
    throw operatorError(action, verdict, this.address);
  }

  /** Why a call would fail; undefined where it would not. */
  async #try(call: OperatorCall): Promise<Exclude<Verdict, { kind: 'done' }> | undefined> {
    const prepared = await this.#prepare(call);
    return 'kind' in prepared ? prepared : undefined;
  }

  #prepare(call: OperatorCall): ReturnType<OperatorSender['prepare']> {
    return asking(this.url, 'simulating', () => this.#parts.sender.prepare(call, this.#closing.signal));
  }

  #tokens(amount: bigint): string {
    return `${decimalText(amount, this.token.decimals)} ${this.token.symbol}`;
  }
}

function isAbort(verdict: Verdict | undefined, code: number): boolean {
  return verdict?.kind === 'abort' && verdict.code === BigInt(code);
}
