import type { Chain } from '../chain/index.js';
import type { NodeInfo } from '../rpc/index.js';
import type { Device } from '../workers/index.js';
import type { FailedModel } from './placement.js';

/** What `atoma_nodeInfo` shows of the chain's connection. */
export function chainInfo(chain: Chain): NonNullable<NodeInfo['chain']> {
  const { checkpoint, ...status } = chain.status();
  return {
    name: chain.name,
    ...status,
    checkpoint: checkpoint?.sequence.toString(),
    checkpointAgeMs: checkpoint === undefined ? undefined : Date.now() - checkpoint.seenAtMs,
  };
}

/** What `atoma_nodeInfo` shows of a device. */
export function deviceInfo(device: Device): NodeInfo['devices'][number] {
  const { id, state, models, restarts, lastFault } = device;
  return { id, state, models: models.map(({ name }) => name), restarts, lastFault };
}

/** What `atoma_nodeInfo` shows of a model that is not served. */
export function failedModelInfo({ name, device, error }: FailedModel): NodeInfo['failedModels'][number] {
  return { name, device, code: error.code, message: error.message };
}
