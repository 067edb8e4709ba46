import type { Logger } from 'pino';
import { type Chain, loadWallet, SuiChain } from '../chain/index.js';
import type { ChainConfig } from '../config/index.js';
import { AtomaError, Backoff, pause } from '../core/index.js';

interface Modules {
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * The Sui client that a configuration describes: its wallet, endpoint, badge and contract, all checked.
 * @param modules `signal` ends the calls that this takes, each of which then counts as not answered
 * @throws AtomaError `wallet_*`, `chain_unavailable`, `unsupported_contract`, or what the badge check says.
 */
export async function connectSui(config: ChainConfig, modules: Modules): Promise<Chain> {
  const { subscriber, client } = config;
  const wallet = await loadWallet(client.configPath);
  for (const warning of wallet.warnings) modules.logger.warn(warning);
  return SuiChain.create(
    {
      httpUrl: subscriber.httpUrl,
      ...(wallet.env?.basicAuth !== undefined && { basicAuth: wallet.env.basicAuth }),
      packageId: subscriber.packageId,
      callPackageId: client.packageId,
      atomaDbId: client.atomaDbId,
      nodeBadgeId: client.nodeBadgeId,
      smallId: client.smallId,
      requestTimeoutMs: client.requestTimeoutMs,
    },
    { ...modules, keypair: wallet.keypair },
  );
}

export interface ConnectModules {
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Told after each attempt that failed, why. */
  readonly onUnreachable: (reason: string) => void;
}

/** A full node on the same machine needs a minute to come up; a typing error should not be waited for in silence. */
const RETRY = { firstMs: 500, maxMs: 15_000 };

/**
 * As {@link connectSui}, again and again while the endpoint does not answer: a node that starts before its full
 * node waits for it.
 * @throws AtomaError what connecting throws, but for `chain_unavailable`; `cancelled` when `signal` aborts
 */
export async function connectSuiPatiently(
  config: ChainConfig,
  { logger, signal, onUnreachable }: ConnectModules,
): Promise<Chain> {
  const backoff = new Backoff(RETRY);
  for (;;) {
    if (signal.aborted) throw new AtomaError('cancelled', 'stopped while connecting to the chain');
    try {
      return await connectSui(config, { logger, signal });
    } catch (error) {
      if (!(error instanceof AtomaError) || error.code !== 'chain_unavailable') throw error;
      if (signal.aborted) continue;
      const retryInMs = backoff.next();
      onUnreachable(error.message);
      logger.error({ retryInMs }, error.message);
      await pause(retryInMs, signal);
    }
  }
}
