import { z } from 'zod';
import { defineMethod, type Method } from '../json-rpc/method.js';
import type { NodeApi } from '../node-api.js';
import { modelToWire, nodeInfoToWire } from '../wire/node.js';

/** `atoma_nodeInfo` and `atoma_listModels`. */
export function nodeMethods(node: NodeApi): readonly Method[] {
  const nodeInfo = defineMethod({
    name: 'atoma_nodeInfo',
    params: z.strictObject({}),
    run: () => nodeInfoToWire(node.nodeInfo(), node.readiness()),
  });
  const listModels = defineMethod({
    name: 'atoma_listModels',
    params: z.strictObject({}),
    run: () => node.listModels().map(modelToWire),
  });
  return [nodeInfo, listModels];
}
