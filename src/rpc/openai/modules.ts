import type { Logger } from 'pino';
import type { CallScope } from '../json-rpc/call-scope.js';
import type { NodeApi } from '../node-api.js';
import type { RpcLimits } from '../options.js';

/** What the routes below `/v1` work with. */
export interface OpenAiModules {
  readonly node: NodeApi;
  readonly logger: Logger;
  readonly limits: RpcLimits;
  /** The calls of every HTTP request that is being answered. */
  readonly scopes: Set<CallScope>;
}
