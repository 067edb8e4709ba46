import { z } from 'zod';
import type { HardwareInfo, NodeInfo, Readiness } from '../node-api.js';
import { DISPUTE_STATES } from './dispute.js';
import {
  FailedModelSchema,
  failedModelToWire,
  ModelSourceSchema,
  ProfileSchema,
  profileToWire,
} from './model.js';
import { backend, count, u64Text, type WireOf } from './schema.js';
import { TICKET_STATES } from './ticket-states.js';

const Hardware = z.object({
  gpu: z.string().nullable().describe('What llama.cpp reaches GPUs through.'),
  gpus: z.array(
    z.object({
      index: count,
      uuid: z.string().nullable(),
      name: z.string(),
      memory_bytes: z.number().nullable(),
      free_bytes: z.number().nullable(),
      driver: z.string().nullable(),
    }),
  ),
  cpu: z.object({ model: z.string(), cores: count }),
  memory: z.object({ total_bytes: z.number(), free_bytes: z.number() }),
});

const Device = z.object({
  id: z.string(),
  state: z.string().describe('`loading`, `ready`, `restarting`, `quarantined` or `stopped`.'),
  models: z.array(z.string()),
  restarts: count.describe('Of its process, since the node started.'),
  last_fault: z.string().nullable(),
});

const Chain = z.object({
  name: z.string(),
  endpoint: z.string(),
  chain_id: z.string().nullable(),
  address: z.string(),
  following: z.boolean(),
  checkpoint: z.string().nullable(),
  checkpoint_age_ms: z.number().nullable(),
  gas: z
    .object({
      balance: u64Text.describe("In the chain's smallest unit."),
      per_commitment: u64Text,
      runway_tickets: z.number().describe('How many commitments the balance pays for.'),
    })
    .nullable(),
});

const ServedModel = z.object({
  name: z.string(),
  device: z.string(),
  backend,
  backend_reason: z.string(),
  source: ModelSourceSchema,
  profile: ProfileSchema,
  verdict_reason: z.string(),
});

export const NodeInfoSchema = z
  .object({
    version: z.string(),
    uptime_ms: z.number().min(0),
    ready: z.boolean(),
    reasons: z.array(z.string()).describe('Why it is not ready.'),
    warnings: z.array(z.string()).describe('What is amiss although work is taken.'),
    small_id: u64Text.nullable().describe('Of the node in the contract.'),
    chain: Chain.nullable().describe('null on a node without a chain.'),
    hardware: Hardware.nullable().describe('null before it is known.'),
    devices: z.array(Device),
    models: z.array(ServedModel).describe('One a device.'),
    failed_models: z.array(FailedModelSchema),
    queue: z.object({ waiting: count, running: count, capacity: count }),
    tickets: z.partialRecord(z.enum(TICKET_STATES), count).describe('All tickets in the journal, by state.'),
    late_tickets: count,
    disputes: z
      .object({
        by_state: z.partialRecord(z.enum(DISPUTE_STATES), count),
        own_right: count,
        own_wrong: count,
      })
      .nullable(),
    journal: z.object({ path: z.string(), fault: z.string().nullable() }).nullable(),
  })
  .meta({ id: 'NodeInfo', description: 'How the node is, and what it runs on.' });

/** The result of `atoma_nodeInfo`. */
export function nodeInfoToWire(info: NodeInfo, readiness: Readiness): WireOf<typeof NodeInfoSchema> {
  return {
    version: info.version,
    uptime_ms: info.uptimeMs,
    ready: readiness.ready,
    reasons: readiness.reasons,
    warnings: readiness.warnings,
    small_id: info.smallId?.toString() ?? null,
    chain: info.chain === undefined ? null : chainToWire(info.chain),
    hardware: info.hardware === undefined ? null : hardwareToWire(info.hardware),
    devices: info.devices.map(deviceToWire),
    models: info.models.map((model) => ({
      ...{ name: model.name, device: model.device, backend: model.backend },
      ...{ backend_reason: model.backendReason, source: model.source ?? null },
      ...{ profile: profileToWire(model.profile), verdict_reason: model.verdictReason },
    })),
    failed_models: info.failedModels.map(failedModelToWire),
    queue: { waiting: info.queue.waiting, running: info.queue.running, capacity: info.queue.capacity },
    tickets: info.tickets,
    late_tickets: info.lateTickets,
    disputes: info.disputes === undefined ? null : disputesToWire(info.disputes),
    journal:
      info.journal === undefined ? null : { path: info.journal.path, fault: info.journal.fault ?? null },
  };
}

type DisputesWire = NonNullable<WireOf<typeof NodeInfoSchema>['disputes']>;

function disputesToWire({ byState, right, wrong }: NonNullable<NodeInfo['disputes']>): DisputesWire {
  return { by_state: byState, own_right: right, own_wrong: wrong };
}

function hardwareToWire({ gpu, gpus, cpu, memory }: HardwareInfo): WireOf<typeof Hardware> {
  return {
    gpu: gpu ?? null,
    gpus: gpus.map((known) => ({
      index: known.index,
      uuid: known.uuid ?? null,
      name: known.name,
      memory_bytes: known.memoryBytes ?? null,
      free_bytes: known.freeBytes ?? null,
      driver: known.driver ?? null,
    })),
    cpu,
    memory: { total_bytes: memory.totalBytes, free_bytes: memory.freeBytes },
  };
}

function deviceToWire(device: NodeInfo['devices'][number]): WireOf<typeof Device> {
  return {
    id: device.id,
    state: device.state,
    models: device.models,
    restarts: device.restarts,
    last_fault: device.lastFault ?? null,
  };
}

function chainToWire(chain: NonNullable<NodeInfo['chain']>): WireOf<typeof Chain> {
  return {
    name: chain.name,
    endpoint: chain.endpoint,
    chain_id: chain.chainId ?? null,
    address: chain.address,
    following: chain.following,
    checkpoint: chain.checkpoint ?? null,
    checkpoint_age_ms: chain.checkpointAgeMs ?? null,
    gas:
      chain.gas === undefined
        ? null
        : {
            balance: chain.gas.balance.toString(),
            per_commitment: chain.gas.perCommitment.toString(),
            runway_tickets: chain.gas.runwayTickets,
          },
  };
}
