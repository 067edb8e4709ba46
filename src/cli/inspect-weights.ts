import type { PoolConfig } from '../config/index.js';
import type { ModelWeights } from '../core/index.js';
import { inspectHardware, inspectModel, type ModelFacts } from '../workers/index.js';

/**
 * Reads weights without loading them; the memory is that of the GPU where there is one that can run them.
 * @param pool how the configuration divides devices, for the memory that is needed
 * @throws AtomaError `model_load_failed` where a file cannot be read or is no such weights.
 */
export async function inspectWeights(weights: ModelWeights, pool: PoolConfig): Promise<ModelFacts> {
  const { contextSize, sequences, workers } = pool;
  const gpu = weights.format === 'gguf' ? (await inspectHardware('auto')).gpu : false;
  return inspectModel(weights, { contextSize, sequences, workers, gpu });
}
