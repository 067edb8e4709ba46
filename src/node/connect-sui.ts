import type { Logger } from 'pino';
import { type Chain, loadWallet, SuiChain } from '../chain/index.js';
import type { ChainConfig } from '../config/index.js';

/**
 * The Sui client that a configuration describes: its wallet, endpoint, badge and contract, all checked.
 * @throws AtomaError `wallet_*`, `chain_unavailable`, `unsupported_contract`, or what the badge check says.
 */
export async function connectSui(config: ChainConfig, modules: { readonly logger: Logger }): Promise<Chain> {
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
    { logger: modules.logger, keypair: wallet.keypair },
  );
}
