import { discoverMethod } from '../discovery/discover-method.js';
import type { Method } from '../json-rpc/method.js';
import type { NodeApi } from '../node-api.js';
import { disputeMethods } from './disputes.js';
import { generateMethods } from './generate.js';
import { modelMethods } from './models.js';
import { nodeMethods } from './node.js';
import { subscriptionMethods } from './subscriptions.js';
import { ticketMethods } from './tickets.js';

/**
 * Every method that the server answers.
 * @param url of the server, once it listens
 */
export function createMethods(node: NodeApi, url: () => string): readonly Method[] {
  const methods = [
    ...generateMethods(node),
    ...ticketMethods(node),
    ...disputeMethods(node),
    ...nodeMethods(node),
    ...modelMethods(node),
    ...subscriptionMethods(node),
  ];
  return [...methods, discoverMethod(methods, { version: () => node.nodeInfo().version, url })];
}
