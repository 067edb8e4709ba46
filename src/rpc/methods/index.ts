import type { Method } from '../json-rpc/method.js';
import type { NodeApi } from '../node-api.js';
import { disputeMethods } from './disputes.js';
import { generateMethod } from './generate.js';
import { modelMethods } from './models.js';
import { nodeMethods } from './node.js';
import { subscriptionMethods } from './subscriptions.js';
import { ticketMethods } from './tickets.js';

/** Every method that the server answers. */
export function createMethods(node: NodeApi): readonly Method[] {
  return [
    generateMethod(node),
    ...ticketMethods(node),
    ...disputeMethods(node),
    ...nodeMethods(node),
    ...modelMethods(node),
    ...subscriptionMethods(node),
  ];
}
