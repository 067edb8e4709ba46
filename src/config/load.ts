import { checkModelNames, checkSmallIds } from './agreement.js';
import type { ChainConfig, Config, InferenceConfig } from './config.js';
import { deepFreeze } from './deep-freeze.js';
import { ConfigError, type ConfigProblem, generalProblem } from './problem.js';
import { type ConfigPaths, checkPaths, readSections, type Sections } from './read-sections.js';
import { clientSchema, inferenceSchema, subscriberSchema } from './schema.js';
import { checkSection } from './section.js';
import { chainConfig, inferenceConfig } from './to-config.js';

/**
 * Reads and checks a configuration; relative paths in it start from the file they stand in.
 * @throws ConfigError with every problem of all files.
 */
export async function loadConfig(paths: ConfigPaths): Promise<Config> {
  const problems: ConfigProblem[] = [...checkModelPath(paths), ...checkPaths(paths)];
  const sections = await readSections(paths, problems);
  const inference = inferenceOf(sections, problems);
  const chain = chainOf(sections, problems);
  if (problems.length > 0 || inference === undefined) throw new ConfigError(problems);
  return deepFreeze({ inference, chain });
}

/**
 * Reads and checks what a configuration says of models alone: the tables of the chain may still be incomplete.
 * @throws ConfigError with every problem
 */
export async function loadInferenceConfig(
  paths: Pick<ConfigPaths, 'modelConfigPath' | 'configPath'>,
): Promise<InferenceConfig> {
  const problems: ConfigProblem[] = [...checkModelPath(paths), ...checkPaths(paths)];
  const inference = inferenceOf(await readSections(paths, problems), problems);
  if (problems.length > 0 || inference === undefined) throw new ConfigError(problems);
  return deepFreeze(inference);
}

/** A node runs models: it needs their configuration. */
function checkModelPath({ modelConfigPath, configPath }: ConfigPaths): ConfigProblem[] {
  if (modelConfigPath !== undefined || configPath !== undefined) return [];
  return [generalProblem('found no model configuration, wanted --model-config-path or --config-path')];
}

/** The part about models; undefined where it was not given or is wrong. */
export function inferenceOf({ inference }: Sections, problems: ConfigProblem[]): InferenceConfig | undefined {
  if (inference === undefined) return undefined;
  const table = checkSection(inference, inferenceSchema, problems);
  checkModelNames(inference, problems);
  return table === undefined ? undefined : inferenceConfig(table, inference.document.folder);
}

/** The part about the chain; undefined where it was not given or is wrong. */
export function chainOf(
  { subscriber, client }: Sections,
  problems: ConfigProblem[],
): ChainConfig | undefined {
  const subscriberTable = subscriber && checkSection(subscriber, subscriberSchema, problems);
  const clientTable = client && checkSection(client, clientSchema, problems);
  if (subscriber === undefined || client === undefined) return undefined;
  checkSmallIds(subscriber, client, problems);
  if (subscriberTable === undefined || clientTable === undefined) return undefined;
  return chainConfig(subscriberTable, clientTable, client.document.folder);
}
