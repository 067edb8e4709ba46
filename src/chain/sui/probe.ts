import { normalizeSuiAddress } from '@mysten/sui/utils';
import type { Logger } from 'pino';
import type { GasStatus } from '../chain.js';
import { CommitmentCall, type CommitmentCallOptions } from './commitment-call.js';
import { parseCursor } from './cursor.js';
import { type Endpoint, openEndpoint } from './endpoint.js';
import { EventSource } from './event-source.js';
import { GasWatch } from './gas-watch.js';
import { historyStart } from './history-start.js';
import { linkAbort } from './linked-abort.js';
import { checkRegistration, type Registration, type RegistrationOptions } from './registration.js';
import { asking } from './rpc-errors.js';
import { findSubscriptions, type SubscriptionHistory } from './subscriptions.js';
import { millisecondsOf } from './timestamp.js';

export interface SuiProbeOptions {
  /** As {@link SuiChainOptions.httpUrl}. */
  readonly httpUrl: string;
  /** `user:password`. */
  readonly basicAuth: string | undefined;
  /** The package that defines the events. */
  readonly packageId: string;
  /** How long one call may take. */
  readonly callTimeoutMs: number;
}

/** How a full node stands. */
export interface EndpointState {
  readonly chainId: string;
  /** Of one call on an open connection. */
  readonly latencyMs: number;
  /** The oldest checkpoint whose events the endpoint still has. */
  readonly lowest: bigint;
  readonly newest: bigint | undefined;
  /**
   * This machine's clock minus the newest checkpoint's time, ms: a second or less where both clocks are right,
   * negative where this one is behind.
   */
  readonly clockAheadMs: number | undefined;
}

/**
 * Looks at a chain as a node would use it, one question at a time, and changes nothing. What fails answers for
 * itself alone, unlike in {@link SuiChain.create}, which stops at the first thing that is wrong.
 *
 * Every method throws AtomaError `chain_unavailable` where the endpoint does not answer.
 */
export class SuiProbe {
  readonly #options: SuiProbeOptions;
  readonly #logger: Logger;
  readonly #endpoint: Endpoint;

  /** @throws AtomaError `invalid_endpoint` */
  constructor(options: SuiProbeOptions, modules: { readonly logger: Logger }) {
    this.#options = options;
    this.#logger = modules.logger;
    const { httpUrl: url, basicAuth, callTimeoutMs } = options;
    this.#endpoint = openEndpoint({ url, basicAuth, callTimeoutMs });
  }

  /** Without credentials. */
  get url(): string {
    return this.#endpoint.url;
  }

  async state(): Promise<EndpointState> {
    return await asking(this.url, 'asking for its state', async () => {
      const { ledgerService } = this.#endpoint.client;
      // Opens the connection, which is not to count as latency.
      await ledgerService.getServiceInfo({});
      const askedAt = performance.now();
      const { response: info } = await ledgerService.getServiceInfo({});
      const latencyMs = performance.now() - askedAt;
      const { chainId, timestamp, checkpointHeight: newest, lowestAvailableCheckpoint: lowest = 0n } = info;
      if (chainId === undefined) throw new Error('it does not say which chain it serves');
      const askedMidwayMs = Date.now() - latencyMs / 2;
      const clockAheadMs = timestamp === undefined ? undefined : askedMidwayMs - millisecondsOf(timestamp);
      return { chainId, latencyMs, lowest, newest, clockAheadMs };
    });
  }

  /** @throws AtomaError as {@link checkRegistration} */
  registration(options: RegistrationOptions): Promise<Registration> {
    return asking(this.url, 'reading the node badge', () =>
      checkRegistration(options, { endpoint: this.#endpoint }),
    );
  }

  /** @throws AtomaError `unsupported_contract` where commitments cannot be submitted in a shape that is known */
  async contract(options: CommitmentCallOptions): Promise<void> {
    await asking(this.url, "reading the package's functions", () =>
      CommitmentCall.read(options, { endpoint: this.#endpoint }),
    );
  }

  /** What the wallet at `address` can pay for; the price of a commitment is a guess. */
  gas(address: string, signal: AbortSignal): Promise<GasStatus> {
    const { callTimeoutMs } = this.#options;
    const watch = new GasWatch(
      { address, callTimeoutMs },
      { endpoint: this.#endpoint, logger: this.#logger },
    );
    return watch.refresh(signal);
  }

  /**
   * Whether events can be read on from a node's cursor.
   * @returns the checkpoint up to which the cursor has them, where it says so
   * @throws AtomaError `history_pruned`, `chain_changed`, `foreign_cursor`, `invalid_cursor`
   */
  async cursor(cursor: string, chainId: string, signal: AbortSignal): Promise<bigint | undefined> {
    const packageId = normalizeSuiAddress(this.#options.packageId);
    const position = parseCursor({ chainId, packageId }, cursor);
    await this.#linked('comparing its history with the journal', signal, (linked) =>
      historyStart(
        position,
        { chainId, acceptGap: false, refused: false },
        { endpoint: this.#endpoint, logger: this.#logger },
        linked,
      ),
    );
    return position.checkpoint;
  }

  /** See {@link findSubscriptions}. */
  subscriptions(
    options: Parameters<typeof findSubscriptions>[0],
    signal: AbortSignal,
  ): Promise<SubscriptionHistory> {
    const { packageId, callTimeoutMs: idleLimitMs } = this.#options;
    const source = new EventSource(
      { packageId: normalizeSuiAddress(packageId), idleLimitMs },
      { endpoint: this.#endpoint },
    );
    return this.#linked("searching the node's subscriptions", signal, (linked) =>
      findSubscriptions(options, { source }, linked),
    );
  }

  close(): void {
    this.#endpoint.close();
  }

  async #linked<T>(
    doing: string,
    signal: AbortSignal,
    call: (linked: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const link = linkAbort(signal);
    try {
      return await asking(this.url, doing, () => call(link.signal));
    } finally {
      link.release();
    }
  }
}
