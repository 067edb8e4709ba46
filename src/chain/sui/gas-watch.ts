import type { GrpcTypes } from '@mysten/sui/grpc';
import type { Logger } from 'pino';
import { AtomaError } from '../../core/index.js';
import type { GasStatus } from '../chain.js';
import type { Endpoint } from './endpoint.js';
import { untilAnswered } from './persistent-call.js';
import { chainUnavailable, describeError } from './rpc-errors.js';

const SUI_TYPE = '0x2::sui::SUI';
/**
 * In MIST, before anything better is known: 0.01 SUI. A commitment rewrites a ticket of a few hundred bytes:
 * 1000 units of computation and some storage, a few million MIST at Sui's usual price of 1000 MIST a unit.
 */
const FIRST_GUESS_MIST = 10_000_000n;
/** Old enough that one dear commitment is forgotten in minutes, many enough to hold a dear one among cheap ones. */
const COSTS_KEPT = 10;
/** Own commitments are subtracted; only what others do to the wallet, a top-up most of all, needs a new look. */
const REREAD_AFTER_MS = 60_000;

export interface GasWatchOptions {
  /** The wallet's address. */
  readonly address: string;
  /** How long one reading may take. */
  readonly callTimeoutMs: number;
}

/** Knows what the wallet holds and what commitments cost, mostly from the commitments' own effects. */
export class GasWatch {
  readonly #options: GasWatchOptions;
  readonly #modules: { readonly endpoint: Endpoint; readonly logger: Logger };
  readonly #closing = new AbortController();
  readonly #costs: bigint[] = [];
  #balance: bigint | undefined;
  #budget: bigint | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;
  /** Counts what was subtracted, so that a reading that overlaps with it is not taken for newer. */
  #spendings = 0;
  #rereading = false;

  constructor(options: GasWatchOptions, modules: { readonly endpoint: Endpoint; readonly logger: Logger }) {
    this.#options = options;
    this.#modules = modules;
  }

  /** undefined until the balance was first read. */
  get status(): GasStatus | undefined {
    return this.#balance === undefined ? undefined : this.#statusOf(this.#balance);
  }

  /**
   * Reads the balance of all the wallet's SUI.
   * @throws AtomaError `chain_unavailable`, `cancelled`
   */
  async refresh(signal: AbortSignal): Promise<GasStatus> {
    for (;;) {
      const spendings = this.#spendings;
      const balance = await this.#read(signal);
      if (spendings !== this.#spendings) continue;
      this.#balance = balance;
      this.#readAtMs = performance.now();
      return this.#statusOf(balance);
    }
  }

  /** A commitment is about to be sent with this budget, in MIST. */
  planned(budget: bigint): void {
    this.#budget = budget;
  }

  /**
   * A transaction ran just now.
   * @param options.isCommitment what others cost says nothing of the next commitment
   */
  spent(used: GrpcTypes.GasCostSummary | undefined, options: { readonly isCommitment: boolean }): void {
    if (used !== undefined && this.#balance !== undefined) {
      this.#balance -= netCost(used);
      this.#spendings++;
    }
    if (options.isCommitment) this.#learn(used);
    const known = used !== undefined && this.#balance !== undefined;
    if (!known || performance.now() - this.#readAtMs > REREAD_AFTER_MS) this.#reread();
  }

  /** A commitment turned out to have run some time ago; the balance may or may not count it already. */
  found(used: GrpcTypes.GasCostSummary | undefined): void {
    this.#learn(used);
    this.#reread();
  }

  close(): void {
    this.#closing.abort();
  }

  #learn(used: GrpcTypes.GasCostSummary | undefined): void {
    if (used === undefined) return;
    const net = netCost(used);
    const computation = used.computationCost ?? 0n;
    // A rebate is money from an earlier transaction: one that earned more than it cost says nothing of the next.
    this.#costs.push(net > computation ? net : computation);
    if (this.#costs.length > COSTS_KEPT) this.#costs.shift();
  }

  /**
   * The dearest of the last ones, no average: one that settles a ticket frees storage and is cheap, the first
   * of several to commit pays for it, and a run of cheap ones must not promise a runway that is not there.
   */
  #perCommitment(): bigint {
    let dearest = this.#costs[0];
    if (dearest === undefined) return this.#budget ?? FIRST_GUESS_MIST;
    for (const cost of this.#costs) if (cost > dearest) dearest = cost;
    return dearest;
  }

  /** Sui wants the whole budget in the wallet, also for the last commitment that it pays for. */
  #statusOf(balance: bigint): GasStatus {
    const perCommitment = this.#perCommitment();
    const budget = this.#budget ?? perCommitment;
    const runway = balance < budget ? 0n : 1n + (balance - budget) / perCommitment;
    return { balance, perCommitment, runwayTickets: Number(runway) };
  }

  #reread(): void {
    if (this.#rereading || this.#closing.signal.aborted) return;
    this.#rereading = true;
    this.refresh(this.#closing.signal)
      .catch((error: unknown) => {
        this.#modules.logger.debug({ reason: describeError(error) }, 'the balance could not be read');
      })
      .finally(() => {
        this.#rereading = false;
      });
  }

  async #read(signal: AbortSignal): Promise<bigint> {
    const { endpoint, logger } = this.#modules;
    const { address, callTimeoutMs } = this.#options;
    const doing = "reading the wallet's balance";
    const deadlineMs = performance.now() + callTimeoutMs;
    const limits = { doing, callTimeoutMs, deadlineMs, signal, fields: { address } };
    try {
      return await untilAnswered(limits, { url: endpoint.url, logger }, async (options) => {
        const { stateService } = endpoint.client;
        const call = stateService.getBalance({ owner: address, coinType: SUI_TYPE }, options);
        return (await call).response.balance?.balance ?? 0n;
      });
    } catch (error) {
      if (error instanceof AtomaError) throw error;
      throw chainUnavailable(endpoint.url, doing, error, { address });
    }
  }
}

/** What left the wallet, in MIST; negative where more storage was freed than used. */
function netCost(used: GrpcTypes.GasCostSummary): bigint {
  return (used.computationCost ?? 0n) + (used.storageCost ?? 0n) - (used.storageRebate ?? 0n);
}
