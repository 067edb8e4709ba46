import type { Logger } from 'pino';
import { type ChainConfig, type Config, type ConfigPaths, isLocalModel } from '../../config/index.js';
import { ModelStore } from '../../models/index.js';
import { type GpuChoice, type Hardware, inspectHardware } from '../../workers/index.js';
import { accessCheck } from './access.js';
import { ChainFacts } from './chain.js';
import { type Check, type CheckResult, once, runChecks } from './check.js';
import { secretFilesCheck } from './config-files.js';
import { contractChecks } from './contract.js';
import { endpointChecks } from './endpoint.js';
import { folderCheck } from './folders.js';
import { hardwareChecks } from './hardware.js';
import { hubCheck } from './hub.js';
import { journalCheck, journalHolder } from './journal.js';
import { machineChecks } from './machine.js';
import { modelChecks } from './models.js';
import { portCheck } from './port.js';
import { subscriptionCheck } from './subscriptions.js';
import { walletChecks } from './wallet.js';

const GIB = 1024 ** 3;
/** The smallest models that are of use have so much. */
const CACHE_WANTED_BYTES = GIB;
/** The journal of a hundred thousand tickets. */
const DATA_WANTED_BYTES = GIB / 4;

export interface DoctorOptions {
  /** Undefined: the machine alone. */
  readonly subject: DoctorSubject | undefined;
  /** What `--gpu` asks for. */
  readonly gpu: GpuChoice;
}

/** Whoever waits wants to know how it is now, not whether the hub comes back within minutes. */
const HUB_TIMING = { retries: 1, firstRetryMs: 200, maxRetryAfterMs: 1_000, stallMs: 5_000 } as const;

/** A configuration that was read, and where from. */
export interface DoctorSubject {
  readonly config: Config;
  readonly paths: ConfigPaths;
}

interface Modules {
  readonly logger: Logger;
  /** Told of each check as it ends. */
  readonly onDone: (result: CheckResult) => void;
  /** Told how many checks there are, before the first one ends. */
  readonly onStart: (checks: number) => void;
  /** For tests: the machine as it was seen before. */
  readonly hardware?: Look;
}

/**
 * Looks at everything that a node needs, all at once, and changes nothing. May run beside a node.
 * @returns one result a check, in a fixed order
 */
export async function doctor(
  { subject, gpu }: DoctorOptions,
  modules: Modules,
): Promise<readonly CheckResult[]> {
  const hardware = modules.hardware ?? once(() => inspectHardware(gpu));
  const facts = subject && openFacts(subject, hardware, modules);
  const checks = [
    ...machineChecks(),
    ...hardwareChecks(hardware, gpu),
    ...(subject === undefined || facts === undefined ? [] : checksOf(subject, gpu, facts)),
  ];
  modules.onStart(checks.length);
  try {
    return await runChecks(checks, modules.onDone);
  } finally {
    facts?.chain?.close();
    await facts?.store.close();
  }
}

interface Facts {
  readonly hardware: Look;
  readonly store: ModelStore;
  readonly chain: ChainFacts | undefined;
}

type Look = () => Promise<Hardware>;

function openFacts({ config }: DoctorSubject, hardware: Look, modules: Pick<Modules, 'logger'>): Facts {
  const { chain, inference } = config;
  const { cacheDir, apiKey } = inference;
  return {
    hardware,
    store: new ModelStore({ cacheDir, apiKey, timing: HUB_TIMING }, modules),
    chain: chain && new ChainFacts(chain, modules),
  };
}

function checksOf({ config, paths }: DoctorSubject, gpu: GpuChoice, facts: Facts): readonly Check[] {
  const { inference, chain } = config;
  const { hardware, store } = facts;
  const holder = chain === undefined ? async () => undefined : journalHolder(chain.client);
  const local = inference.models.every(({ modelType }) => isLocalModel(modelType));
  return [
    secretFilesCheck(config, paths),
    folderCheck({
      area: 'files',
      name: 'cache_dir',
      path: inference.cacheDir,
      wantedBytes: local ? 0 : CACHE_WANTED_BYTES,
      otherwise: local ? 'warn' : 'fail',
    }),
    ...(chain === undefined ? [] : dataChecks(chain, holder)),
    hubCheck({ models: inference.models, hasKey: inference.apiKey !== undefined }, { store }),
    ...modelChecks({ ...inference, gpu }, { store, hardware, nodeRuns: holder }),
    portCheck(inference, holder),
    accessCheck(inference.rpc),
    ...(facts.chain === undefined ? [noChain] : chainChecks(facts.chain, config)),
  ];
}

const noChain: Check = {
  area: 'chain',
  name: 'endpoint',
  run: async () => ({
    status: 'skip',
    found: 'no chain is configured: the node would serve RPC only',
    remedy: undefined,
  }),
};

function dataChecks({ client }: ChainConfig, holder: () => Promise<string | undefined>): readonly Check[] {
  const path = client.dataDir;
  return [
    folderCheck({ area: 'files', name: 'data_dir', path, wantedBytes: DATA_WANTED_BYTES, otherwise: 'fail' }),
    journalCheck(client, holder),
  ];
}

function chainChecks(facts: ChainFacts, { inference }: Config): readonly Check[] {
  return [
    ...walletChecks(facts.config.client.configPath, facts.wallet),
    ...endpointChecks(facts),
    ...contractChecks(facts),
    subscriptionCheck(
      facts,
      inference.models.map(({ name }) => name),
    ),
  ];
}
