import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { AccessControl } from '../access/access-control.js';
import type { CallScope } from '../json-rpc/call-scope.js';
import type { NodeApi } from '../node-api.js';
import type { RpcLimits } from '../options.js';

interface OpenAiModules {
  readonly node: NodeApi;
  readonly access: AccessControl;
  readonly logger: Logger;
  /** The calls of every HTTP request that is being answered. */
  readonly scopes: Set<CallScope>;
}

/** OpenAI's API below `/v1`: https://platform.openai.com/docs/api-reference */
export function addOpenAiRoutes(
  app: FastifyInstance,
  options: { readonly limits: RpcLimits },
  { node }: OpenAiModules,
): void {
  void options;
  app.get('/v1/models', () => ({
    object: 'list',
    data: node.listModels().map(({ name }) => ({ id: name, object: 'model', created: 0, owned_by: 'atoma' })),
  }));
}
