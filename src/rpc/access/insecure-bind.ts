import { AtomaError } from '../../core/index.js';
import { isLoopbackHost } from './loopback.js';

/**
 * Why a node that listens there with that many keys that stand is not started: `insecure_bind`. Undefined where it is.
 */
export function insecureBind(
  { host, keysFile }: { readonly host: string; readonly keysFile?: string | undefined },
  activeKeys: number,
): AtomaError | undefined {
  if (isLoopbackHost(host) || activeKeys > 0) return undefined;
  const where = keysFile === undefined ? '' : ` in ${keysFile}`;
  const message = `rpc.host is ${host}, which other machines can reach, and there is no valid API key${where}: everybody could use this node. Make a key with \`keys add NAME\` (it takes the same flags), or set rpc.host to 127.0.0.1, or give start --insecure where everybody who reaches it may use it.`;
  return new AtomaError('insecure_bind', message, { fields: { host, keysFile, key: 'rpc.host' } });
}
