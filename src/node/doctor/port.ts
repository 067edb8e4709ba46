import type { InferenceConfig } from '../../config/index.js';
import { AtomaError } from '../../core/index.js';
import { checkPort } from '../../rpc/index.js';
import { type Check, type Finding, ok, warn } from './check.js';

/**
 * Whether RPC can listen.
 * @param nodeRuns tells which process runs a node with the same journal, if one does: that one has the port
 */
export function portCheck(
  { rpc, jrpcPort: port }: Pick<InferenceConfig, 'rpc' | 'jrpcPort'>,
  nodeRuns: () => Promise<string | undefined>,
): Check {
  const { host } = rpc;
  const run = async (): Promise<Finding> => {
    try {
      await checkPort({ host, port });
      return ok(port === 0 ? `${host}, on any free port` : `${host}:${port} is free`);
    } catch (error) {
      const holder = await nodeRuns().catch(() => undefined);
      const taken = error instanceof AtomaError && error.code === 'port_in_use';
      if (!taken || holder === undefined) throw error;
      return warn(
        `${host}:${port} is in use, most likely by the node that runs (${holder})`,
        'nothing, unless a second node was to be started',
      );
    }
  };
  return { area: 'rpc', name: 'jrpc_port', run };
}
