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
export { loadConfig, loadInferenceConfig } from './load.js';
export {
  loadOperatorConfig,
  loadRegisteredConfig,
  type OperatorConfig,
  type RegisteredConfig,
} from './load-operator.js';
export { absoluteModelType, isLocalModel, localModelName } from './paths.js';
export { ConfigError, type ConfigProblem } from './problem.js';
export type { ConfigPaths } from './read-sections.js';
export { type FileEdit, planRegistration, type RegistrationIds, writeEdits } from './write-registration.js';
