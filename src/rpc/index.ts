export type {
  GenerateOptions,
  GenerateRequest,
  GenerateResult,
  NodeApi,
  NodeInfo,
  Readiness,
  Unsubscribe,
} from './node-api.js';
export type { RpcLimits, RpcServerOptions } from './options.js';
export { RpcServer } from './server.js';
