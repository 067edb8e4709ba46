export type {
  ChainConfig,
  ClientConfig,
  Config,
  InferenceConfig,
  ModelConfig,
  PoolConfig,
  RpcConfig,
  SubscriberConfig,
} from './config.js';
export { type ConfigPaths, loadConfig } from './load.js';
export { absoluteModelType, isLocalModel, localModelName } from './paths.js';
export { ConfigError, type ConfigProblem } from './problem.js';
