import type { Logger } from 'pino';
import {
  type EndpointState,
  loadWallet,
  type Registration,
  SuiProbe,
  type Wallet,
} from '../../chain/index.js';
import type { ChainConfig } from '../../config/index.js';
import { once } from './check.js';

/** Ten times what a healthy endpoint takes; several calls fit into a check's time. */
const CALL_TIMEOUT_MS = 4_000;

/** What several checks of the chain need to know, each asked for once. */
export class ChainFacts {
  readonly config: ChainConfig;
  readonly wallet: () => Promise<Wallet>;
  readonly probe: () => Promise<SuiProbe>;
  readonly state: () => Promise<EndpointState>;
  readonly registration: () => Promise<Registration>;
  #opened: SuiProbe | undefined;

  constructor(config: ChainConfig, modules: { readonly logger: Logger }) {
    const { subscriber, client } = config;
    this.config = config;
    this.wallet = once(() => loadWallet(client.configPath));
    this.probe = once(async () => {
      // Without the wallet the endpoint may still answer: not all of them want a password.
      const wallet = await this.wallet().catch(() => undefined);
      this.#opened = new SuiProbe(
        {
          httpUrl: subscriber.httpUrl,
          basicAuth: wallet?.env?.basicAuth,
          packageId: subscriber.packageId,
          callTimeoutMs: CALL_TIMEOUT_MS,
        },
        modules,
      );
      return this.#opened;
    });
    this.state = once(async () => (await this.probe()).state());
    this.registration = once(async () => {
      const { atomaDbId, nodeBadgeId, smallId } = client;
      const { address: owner } = await this.wallet();
      return (await this.probe()).registration({ atomaDbId, nodeBadgeId, smallId, owner });
    });
  }

  close(): void {
    this.#opened?.close();
  }
}
