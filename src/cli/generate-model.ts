import {
  absolutePath,
  type ConfigPaths,
  type InferenceConfig,
  isLocalModel,
  loadConfig,
  localModelName,
} from '../config/index.js';
import type { Backend } from '../core/index.js';
import { defaultApiKey, defaultCacheDir } from '../models/index.js';
import type { SingleRunOptions } from '../node/index.js';

/** What a model is run with when no file and no flag says more. */
const DEFAULT_PRECISION = 'q8_0';
const DEFAULT_REVISION = 'main';

/** Flags that go before what a configuration says of the model. */
export interface ModelFlags {
  readonly backend?: Backend | 'auto';
  readonly device?: string;
  readonly precision?: string;
  readonly revision?: string;
  readonly contextSize?: number;
}

export type ModelChoice = Pick<
  SingleRunOptions,
  'model' | 'cacheDir' | 'apiKey' | 'backend' | 'device' | 'engine'
>;

/**
 * The model that a name stands for: a configured one, or else one of the network, of a hub or of this machine,
 * looked for where the hub's own tools keep theirs unless a configuration names a `cache_dir`.
 * @throws ConfigError
 */
export async function modelChoice(
  name: string,
  flags: ModelFlags,
  paths: ConfigPaths,
  env: NodeJS.ProcessEnv,
): Promise<ModelChoice> {
  if (Object.keys(paths).length > 0) {
    const { inference } = await loadConfig(paths);
    const { cacheDir, apiKey } = inference;
    return { cacheDir, apiKey, ...(configured(name, flags, inference) ?? named(name, flags)) };
  }
  return { cacheDir: defaultCacheDir(env), apiKey: await defaultApiKey(env), ...named(name, flags) };
}

type Named = Omit<ModelChoice, 'cacheDir' | 'apiKey'>;

function configured(name: string, flags: ModelFlags, { models, pool }: InferenceConfig): Named | undefined {
  const model = models.find((candidate) => candidate.name === name);
  if (model === undefined) return undefined;
  return {
    model: {
      name,
      modelType: model.modelType,
      precision: flags.precision ?? model.precision,
      revision: flags.revision ?? model.revision,
    },
    backend: flags.backend ?? model.backend,
    device: flags.device ?? model.devices[0],
    engine: {
      useFlashAttention: model.useFlashAttention,
      contextSize: flags.contextSize ?? pool.contextSize,
      batchSize: pool.batchSize,
      threads: pool.threads,
    },
  };
}

function named(name: string, flags: ModelFlags): Named {
  const modelType = isLocalModel(name) ? absolutePath(name, process.cwd()) : name;
  return {
    model: {
      name: isLocalModel(name) ? localModelName(modelType) : name,
      modelType,
      precision: flags.precision ?? DEFAULT_PRECISION,
      revision: flags.revision ?? DEFAULT_REVISION,
    },
    backend: flags.backend ?? 'auto',
    device: flags.device,
    engine: {
      useFlashAttention: false,
      contextSize: flags.contextSize,
      batchSize: undefined,
      threads: undefined,
    },
  };
}
