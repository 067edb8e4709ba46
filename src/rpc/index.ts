export type {
  GenerateOptions,
  GenerateRequest,
  GenerateResult,
  HardwareInfo,
  NodeApi,
  NodeInfo,
  Readiness,
} from './node-api.js';
export type { RpcLimits } from './options.js';
export { RpcServer } from './server.js';
