import type { PoolConfig } from '../config/index.js';
import type { ModelWeights } from '../core/index.js';
import { inspectHardware, inspectModel, type ModelFacts } from '../workers/index.js';

/** What weights say of themselves, and the memory that they need here. */
export type InspectedModel = ModelFacts;

/**
 * Reads weights that are here.
 * @param pool how the configuration divides devices, for the memory that is needed
 */
export type InspectWeights = (weights: ModelWeights, pool: PoolConfig) => Promise<InspectedModel>;

/**
 * Reads weights without loading them; the memory is that of the GPU where there is one that can run them.
 * @throws AtomaError `model_load_failed` where a file cannot be read or is no such weights.
 */
export const inspectWeights: InspectWeights = async (weights, pool) => {
  const { contextSize, sequences, workers } = pool;
  const gpu = weights.format === 'gguf' ? (await inspectHardware('auto')).gpu : false;
  return inspectModel(weights, { contextSize, sequences, workers, gpu });
};
