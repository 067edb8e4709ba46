import { type ConfigProblem, generalProblem } from './problem.js';
import { singleFileSchema } from './schema.js';
import { checkSection, rawValue, type Section } from './section.js';
import { readTomlDocument } from './toml-document.js';

/** Where a configuration is: either `configPath` alone, or the seed's files. */
export interface ConfigPaths {
  readonly modelConfigPath?: string | undefined;
  readonly suiSubscriberPath?: string | undefined;
  readonly atomaSuiClientConfigPath?: string | undefined;
  /** One file with the tables `[inference]`, `[event_subscriber]` and `[client]`. */
  readonly configPath?: string | undefined;
}

/** What there is of each part; a part that was not given or could not be read is undefined. */
export interface Sections {
  readonly inference: Section | undefined;
  readonly subscriber: Section | undefined;
  readonly client: Section | undefined;
}

/** Reads the files that are named; what is wrong with one as a whole is added to `problems`. */
export async function readSections(paths: ConfigPaths, problems: ConfigProblem[]): Promise<Sections> {
  return paths.configPath === undefined
    ? await readSeedFiles(paths, problems)
    : await readSingleFile(paths.configPath, problems);
}

/** Problems of the choice of files itself, but for whether a model configuration is among them. */
export function checkPaths(paths: ConfigPaths): ConfigProblem[] {
  const { configPath, modelConfigPath, suiSubscriberPath, atomaSuiClientConfigPath } = paths;
  const seedPaths = [modelConfigPath, suiSubscriberPath, atomaSuiClientConfigPath];
  if (configPath !== undefined) {
    if (seedPaths.every((path) => path === undefined)) return [];
    const text =
      'found --config-path together with --model-config-path, --sui-subscriber-path or --atoma-sui-client-config-path, wanted either the one file or the separate ones';
    return [generalProblem(text)];
  }
  if ((suiSubscriberPath === undefined) === (atomaSuiClientConfigPath === undefined)) return [];
  const [found, missing] =
    suiSubscriberPath === undefined
      ? ['--atoma-sui-client-config-path', '--sui-subscriber-path']
      : ['--sui-subscriber-path', '--atoma-sui-client-config-path'];
  return [generalProblem(`found ${found} without ${missing}, wanted both (or neither: RPC only, no chain)`)];
}

async function readSeedFiles(paths: ConfigPaths, problems: ConfigProblem[]): Promise<Sections> {
  const read = async (path: string | undefined): Promise<Section | undefined> => {
    const document = path === undefined ? undefined : await readTomlDocument(path, problems);
    return document === undefined ? undefined : { document, path: [] };
  };
  return {
    inference: await read(paths.modelConfigPath),
    subscriber: await read(paths.suiSubscriberPath),
    client: await read(paths.atomaSuiClientConfigPath),
  };
}

async function readSingleFile(path: string, problems: ConfigProblem[]): Promise<Sections> {
  const document = await readTomlDocument(path, problems);
  if (document === undefined) return { inference: undefined, subscriber: undefined, client: undefined };
  const whole: Section = { document, path: [] };
  checkSection(whole, singleFileSchema, problems);
  const inference: Section = { document, path: ['inference'] };
  const given = (name: string): Section | undefined =>
    rawValue(whole, [name]) === undefined ? undefined : { document, path: [name] };
  const [subscriber, client] = [given('event_subscriber'), given('client')];
  if ((subscriber === undefined) !== (client === undefined)) {
    const [found, missing] =
      client === undefined ? ['event_subscriber', 'client'] : ['client', 'event_subscriber'];
    const text = `found [${found}] without [${missing}], wanted both (or neither: RPC only, no chain)`;
    problems.push({
      file: document.file,
      line: document.lines.lineOf([found]),
      column: undefined,
      key: missing,
      text,
    });
  }
  return { inference, subscriber, client };
}
