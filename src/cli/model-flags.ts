import { type Command, InvalidArgumentError } from 'commander';
import type { Logger } from 'pino';
import {
  absoluteModelType,
  type ConfigPaths,
  loadConfig,
  type ModelConfig,
  type PoolConfig,
} from '../config/index.js';
import type { WeightsFormat } from '../core/index.js';
import {
  defaultApiKey,
  defaultCacheDir,
  type ModelReference,
  ModelStore,
  type ModelStoreOptions,
} from '../models/index.js';

/** The flags that say which model is meant and where models are kept. */
export interface ModelFlags {
  readonly modelConfigPath?: string | undefined;
  readonly configPath?: string | undefined;
  readonly precision?: string;
  readonly revision?: string;
  readonly format?: string;
}

/** Eight bits: small, and the numbers come out the same whatever else is computed beside them. */
const DEFAULT_PRECISION = 'q8_0';
const DEFAULT_REVISION = 'main';

/** Everything as it suits the device. */
const UNDIVIDED: PoolConfig = {
  workers: undefined,
  sequences: undefined,
  contextSize: undefined,
  batchSize: undefined,
  threads: undefined,
};

const FORMATS: Readonly<Record<string, readonly WeightsFormat[]>> = {
  auto: ['gguf', 'onnx'],
  gguf: ['gguf'],
  onnx: ['onnx'],
};
const FORMAT_OF_BACKEND = { auto: 'auto', llama: 'gguf', onnx: 'onnx', wasm: 'onnx' } as const;

/** Adds the flags that name a configuration, for its cache_dir, api_key and models. */
export function addStoreOptions(command: Command): Command {
  return command
    .option('--model-config-path <file>', 'model configuration: its cache_dir, api_key and models (TOML)')
    .option('--config-path <file>', 'one file with the table [inference] instead');
}

/** Adds the flags that choose among a model's files. */
export function addModelOptions(command: Command): Command {
  return addStoreOptions(command)
    .option(
      '--precision <name>',
      `q8_0, q4_k_m, f16, …; default: the configured one, or ${DEFAULT_PRECISION}`,
    )
    .option('--revision <name>', `branch, tag or commit; default: the configured one, or ${DEFAULT_REVISION}`)
    .option('--format <format>', 'gguf, onnx or auto; default: what suits the configured backend, or auto');
}

/** Models as a command sees them. */
export interface OpenModels {
  readonly store: ModelStore;
  readonly models: readonly ModelConfig[];
  /** How the configuration divides devices. */
  readonly pool: PoolConfig;
}

/**
 * The models of the configuration that was named; without one, those of the cache that the hub's own tools
 * use, with the key that they use.
 * @param timing what is to differ in how long the hub is waited for
 */
export async function openModels(
  { modelConfigPath, configPath }: ModelFlags,
  env: NodeJS.ProcessEnv,
  logger: Logger,
  timing: ModelStoreOptions['timing'] = {},
): Promise<OpenModels> {
  if (modelConfigPath === undefined && configPath === undefined) {
    const options = { cacheDir: defaultCacheDir(env), apiKey: await defaultApiKey(env), env, timing };
    return {
      store: new ModelStore(options, { logger }),
      models: [],
      pool: UNDIVIDED,
    };
  }
  const paths: ConfigPaths = { modelConfigPath, configPath };
  const { cacheDir, apiKey, models, pool } = (await loadConfig(paths)).inference;
  return { store: new ModelStore({ cacheDir, apiKey, env, timing }, { logger }), models, pool };
}

/** The model that is meant: one of the configuration by its name, or what the name says by itself. */
export function referenceOf(name: string, flags: ModelFlags, models: readonly ModelConfig[]): ModelReference {
  const configured = models.find((model) => model.name === name);
  return {
    name,
    modelType: configured?.modelType ?? absoluteModelType(name, process.cwd()),
    precision: flags.precision ?? configured?.precision ?? DEFAULT_PRECISION,
    revision: flags.revision ?? configured?.revision ?? DEFAULT_REVISION,
  };
}

/**
 * The formats that are wanted, in order of preference.
 * @throws InvalidArgumentError naming the flag.
 */
export function formatsOf(
  name: string,
  flags: ModelFlags,
  models: readonly ModelConfig[],
): readonly WeightsFormat[] {
  const backend = models.find((model) => model.name === name)?.backend ?? 'auto';
  const format = flags.format ?? FORMAT_OF_BACKEND[backend];
  const formats = Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
  if (formats !== undefined) return formats;
  throw new InvalidArgumentError(`--format is ${JSON.stringify(format)}, wanted gguf, onnx or auto`);
}
