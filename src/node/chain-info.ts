import type { Chain } from '../chain/index.js';
import type { NodeInfo } from '../rpc/index.js';

/** How the connection to a chain stands, as `atoma_nodeInfo` shows it. */
export function chainInfo(chain: Chain): NonNullable<NodeInfo['chain']> {
  const { checkpoint, ...status } = chain.status();
  return {
    name: chain.name,
    ...status,
    checkpoint: checkpoint?.sequence.toString(),
    checkpointAgeMs: checkpoint === undefined ? undefined : Date.now() - checkpoint.seenAtMs,
  };
}
