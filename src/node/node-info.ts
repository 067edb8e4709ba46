import type { Chain } from '../chain/index.js';
import type { Config } from '../config/index.js';
import type { NodeInfo } from '../rpc/index.js';
import { type Device, residentMemory } from '../workers/index.js';
import type { ChainSide } from './chain-side.js';
import { failedModelInfo } from './failed-model-info.js';
import { hardwareInfo, type Machine } from './hardware.js';
import type { ServingSide } from './serving-side.js';
import { VERSION } from './version.js';

interface NodeParts {
  readonly config: Config;
  readonly chainSide: ChainSide | undefined;
  readonly serving: ServingSide;
  readonly uptimeMs: number;
}

/** What `atoma_nodeInfo` shows. */
export function nodeInfoOf({ config, chainSide, serving, uptimeMs }: NodeParts): NodeInfo {
  const { machine, host, scheduler } = serving;
  const journal = chainSide?.journal;
  const counts = journal?.counts();
  return {
    version: VERSION,
    uptimeMs,
    smallId: config.chain?.client.smallId,
    chain: chainSide && chainInfo(chainSide.chain),
    hardware: machine.seen && hardwareInfo(machine.seen),
    devices: host.devices.map((device) => deviceInfo(device, machine)),
    models: host.models,
    failedModels: host.failed.map(failedModelInfo),
    queue: scheduler.status(),
    tickets: counts?.byState ?? {},
    lateTickets: counts?.late ?? 0,
    disputes: journal?.disputes.counts(),
    journal: journal && { path: journal.path, fault: chainSide?.journalFault?.message },
  };
}

/** What it shows of the chain's connection. */
function chainInfo(chain: Chain): NonNullable<NodeInfo['chain']> {
  const { checkpoint, ...status } = chain.status();
  return {
    name: chain.name,
    ...status,
    checkpoint: checkpoint?.sequence.toString(),
    checkpointAgeMs: checkpoint === undefined ? undefined : Date.now() - checkpoint.seenAtMs,
  };
}

/** What it shows of a device. */
function deviceInfo(device: Device, machine: Machine): NodeInfo['devices'][number] {
  const { id, state, models, restarts, lastFault, pid } = device;
  const isAlive = state === 'loading' || state === 'ready';
  const residentBytes = isAlive && pid !== undefined ? residentMemory(pid) : undefined;
  const memory = { residentBytes, gpu: machine.gpuMemory(id) };
  return { id, state, models: models.map(({ name }) => name), restarts, lastFault, memory };
}
