import type { ModelInfo, NumericProfile } from '../../core/index.js';
import type { HardwareInfo, NodeInfo, Readiness } from '../node-api.js';

/** The result of `atoma_nodeInfo`. */
export function nodeInfoToWire(info: NodeInfo, readiness: Readiness): Record<string, unknown> {
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
    disputes:
      info.disputes === undefined
        ? null
        : {
            by_state: info.disputes.byState,
            own_right: info.disputes.right,
            own_wrong: info.disputes.wrong,
          },
    journal:
      info.journal === undefined ? null : { path: info.journal.path, fault: info.journal.fault ?? null },
  };
}

function hardwareToWire({ gpu, gpus, cpu, memory }: HardwareInfo): Record<string, unknown> {
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

function deviceToWire(device: NodeInfo['devices'][number]): Record<string, unknown> {
  return {
    id: device.id,
    state: device.state,
    models: device.models,
    restarts: device.restarts,
    last_fault: device.lastFault ?? null,
  };
}

/** An element of `failed_models`. */
export function failedModelToWire(failed: NodeInfo['failedModels'][number]): Record<string, unknown> {
  const { name, device, code, message } = failed;
  return { name, device, code, message };
}

function chainToWire(chain: NonNullable<NodeInfo['chain']>): Record<string, unknown> {
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

/** One element of the result of `atoma_listModels`. */
export function modelToWire(model: ModelInfo): Record<string, unknown> {
  return {
    name: model.name,
    file: model.file,
    source: model.source ?? null,
    device: model.device,
    backend: model.backend,
    backend_reason: model.backendReason,
    description: model.description,
    parameters: model.parameters,
    file_bytes: model.fileBytes,
    context_size: model.contextSize,
    trained_context_size: model.trainedContextSize,
    workers: model.workers,
    sequences_per_worker: model.sequencesPerWorker,
    threads: model.threads,
    batch_size: model.batchSize,
    flash_attention: model.flashAttention,
    gpu: model.gpu,
    memory_bytes: model.memoryBytes ?? null,
    profile: profileToWire(model.profile),
    verdict_reason: model.verdictReason,
  };
}

/** A numeric profile as clients get it; its `id` is that of the fields as the node names them. */
function profileToWire(profile: NumericProfile): Record<string, unknown> {
  const { contextSize, batchSize, flashAttention, ...rest } = profile;
  return {
    ...rest,
    context_size: contextSize,
    batch_size: batchSize,
    flash_attention: flashAttention,
  };
}
