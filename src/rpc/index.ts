export type {
  GenerateOptions,
  GenerateRequest,
  GenerateResult,
  NodeApi,
  NodeInfo,
  Readiness,
} from './node-api.js';
export type { RpcLimits } from './options.js';
export { checkPort } from './port-check.js';
export { RpcServer } from './server.js';
