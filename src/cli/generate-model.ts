import type { ModelConfig, PoolConfig } from '../config/index.js';
import type { SingleRunOptions } from '../node/index.js';
import type { GenerateFlags } from './generate-flags.js';
import { referenceOf } from './model-flags.js';

type ModelChoiceFlags = Pick<GenerateFlags, 'precision' | 'revision' | 'backend' | 'device' | 'contextSize'>;

type ModelChoice = Pick<SingleRunOptions, 'model' | 'backend' | 'device' | 'engine'>;

/** The model that a name stands for and how it is to be run: flags go before what a configuration says. */
export function modelChoice(
  name: string,
  flags: ModelChoiceFlags,
  { models, pool }: { readonly models: readonly ModelConfig[]; readonly pool: PoolConfig },
): ModelChoice {
  const configured = models.find((model) => model.name === name);
  return {
    model: referenceOf(name, flags, models),
    backend: flags.backend ?? configured?.backend ?? 'auto',
    device: flags.device ?? configured?.devices[0],
    engine: {
      useFlashAttention: configured?.useFlashAttention ?? false,
      contextSize: flags.contextSize ?? pool.contextSize,
      batchSize: pool.batchSize,
      threads: pool.threads,
    },
  };
}
