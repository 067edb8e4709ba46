import type { Logger } from 'pino';
import { loadWallet, SuiOperator } from '../../chain/index.js';
import type { OperatorConfig } from '../../config/index.js';

/**
 * The operator's client that a configuration describes, with its wallet; close it.
 * @throws AtomaError `wallet_*`, and what {@link SuiOperator.connect} throws
 */
export async function openOperator(
  { subscriber, client }: Pick<OperatorConfig, 'subscriber' | 'client'>,
  modules: { readonly logger: Logger },
): Promise<SuiOperator> {
  const wallet = await loadWallet(client.configPath);
  for (const warning of wallet.warnings) modules.logger.warn(warning);
  return await SuiOperator.connect(
    {
      httpUrl: subscriber.httpUrl,
      basicAuth: wallet.env?.basicAuth,
      callPackageId: client.packageId,
      atomaDbId: client.atomaDbId,
      requestTimeoutMs: client.requestTimeoutMs,
    },
    { ...modules, keypair: wallet.keypair },
  );
}
