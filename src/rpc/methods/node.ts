import { z } from 'zod';
import { defineMethod, type Method } from '../json-rpc/method.js';
import type { NodeApi } from '../node-api.js';
import { ModelSchema, modelToWire } from '../wire/model.js';
import { NodeInfoSchema, nodeInfoToWire } from '../wire/node.js';

/** `atoma_nodeInfo` and `atoma_listModels`. */
export function nodeMethods(node: NodeApi): readonly Method[] {
  const nodeInfo = defineMethod({
    name: 'atoma_nodeInfo',
    docs: { summary: 'How the node is: chain, devices, models, queue, tickets', errors: [] },
    params: z.strictObject({}),
    result: NodeInfoSchema,
    run: () => nodeInfoToWire(node.nodeInfo(), node.readiness()),
  });
  const listModels = defineMethod({
    name: 'atoma_listModels',
    docs: { summary: 'The models that are loaded, one for each device that holds it', errors: [] },
    params: z.strictObject({}),
    result: z.array(ModelSchema),
    run: () => node.listModels().map(modelToWire),
  });
  return [nodeInfo, listModels];
}
