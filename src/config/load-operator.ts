import { z } from 'zod';
import { checkSmallIds } from './agreement.js';
import type { ChainConfig, ClientConfig, InferenceConfig, SubscriberConfig } from './config.js';
import { deepFreeze } from './deep-freeze.js';
import { isPlaceholder } from './found.js';
import { chainOf, inferenceOf } from './load.js';
import { ConfigError, type ConfigProblem, generalProblem } from './problem.js';
import { type ConfigPaths, checkPaths, readSections, type Sections } from './read-sections.js';
import { objectId, u64 } from './scalars.js';
import { clientSchema, subscriberSchema } from './schema.js';
import { checkSection, rawValue } from './section.js';
import { clientConfig, subscriberConfig } from './to-config.js';
import type { RegistrationIds } from './write-registration.js';

const REGISTER =
  'the node is not registered yet: register pays the collateral, and with --write puts node_badge_id and small_id into these files';

/** The configuration of a node that need not be registered yet. */
export interface OperatorConfig {
  /** undefined where no model configuration was named. */
  readonly inference: InferenceConfig | undefined;
  readonly subscriber: Omit<SubscriberConfig, 'smallId'>;
  readonly client: Omit<ClientConfig, 'nodeBadgeId' | 'smallId'>;
  /** undefined where the badge or the small id is missing, or still a placeholder. */
  readonly registration: RegistrationIds | undefined;
}

/** The configuration of a registered node, as its operator needs it. */
export interface RegisteredConfig {
  /** undefined where no model configuration was named. */
  readonly inference: InferenceConfig | undefined;
  readonly chain: ChainConfig;
}

/**
 * Reads the configuration of a node that may not be registered yet. The model configuration may be left out.
 * @throws ConfigError with every problem of all files
 */
export async function loadOperatorConfig(paths: ConfigPaths): Promise<OperatorConfig> {
  const { sections, problems } = await readChainSections(paths);
  const inference = inferenceOf(sections, problems);
  const chain = unregisteredOf(sections, problems);
  if (problems.length > 0 || chain === undefined) throw new ConfigError(problems);
  return deepFreeze({ inference, ...chain });
}

/**
 * Reads the configuration of a registered node. The model configuration may be left out.
 * @throws ConfigError with every problem of all files
 */
export async function loadRegisteredConfig(paths: ConfigPaths): Promise<RegisteredConfig> {
  const { sections, problems } = await readChainSections(paths);
  const inference = inferenceOf(sections, problems);
  const chain = chainOf(sections, problems);
  if (problems.length > 0 && isUnregistered(sections)) problems.push(generalProblem(REGISTER));
  if (problems.length > 0 || chain === undefined) throw new ConfigError(problems);
  return deepFreeze({ inference, chain });
}

/** Whether nothing is wrong about the chain but that the ids of a registration are missing. */
function isUnregistered(sections: Sections): boolean {
  const others: ConfigProblem[] = [];
  const chain = unregisteredOf(sections, others);
  return others.length === 0 && chain !== undefined && chain.registration === undefined;
}

async function readChainSections(
  paths: ConfigPaths,
): Promise<{ readonly sections: Sections; readonly problems: ConfigProblem[] }> {
  const problems = checkPaths(paths);
  if (paths.configPath === undefined && paths.suiSubscriberPath === undefined && problems.length === 0) {
    const flags = '--sui-subscriber-path and --atoma-sui-client-config-path, or --config-path';
    throw new ConfigError([generalProblem(`found no configuration of the chain, wanted ${flags}`)]);
  }
  const read = await readSections(paths, problems);
  const hasModels = read.inference !== undefined && rawValue(read.inference, []) !== undefined;
  const sections = hasModels ? read : { ...read, inference: undefined };
  if (sections.subscriber === undefined && sections.client === undefined && problems.length === 0) {
    problems.push(
      generalProblem(
        'found neither [event_subscriber] nor [client], wanted both: they name chain and wallet',
      ),
    );
  }
  return { sections, problems };
}

/** What a registration gives: not there yet, or not put in yet. */
function unset<Schema extends z.ZodType>(schema: Schema) {
  return z.preprocess((value) => (isPlaceholder(value) ? undefined : value), schema.optional());
}

const unregisteredSubscriber = subscriberSchema.extend({ small_id: unset(u64) });
const unregisteredClient = clientSchema.extend({ node_badge_id: unset(objectId), small_id: unset(u64) });

function unregisteredOf(
  { subscriber, client }: Sections,
  problems: ConfigProblem[],
): Omit<OperatorConfig, 'inference'> | undefined {
  const subscriberTable = subscriber && checkSection(subscriber, unregisteredSubscriber, problems);
  const clientTable = client && checkSection(client, unregisteredClient, problems);
  if (subscriber === undefined || client === undefined) return undefined;
  checkSmallIds(subscriber, client, problems);
  if (subscriberTable === undefined || clientTable === undefined) return undefined;
  const { node_badge_id: nodeBadgeId, small_id: smallId } = clientTable;
  const known = nodeBadgeId !== undefined && smallId !== undefined;
  return {
    subscriber: subscriberConfig(subscriberTable),
    client: clientConfig(clientTable, client.document.folder),
    registration: known ? { nodeBadgeId, smallId } : undefined,
  };
}
