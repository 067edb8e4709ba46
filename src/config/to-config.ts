import type { ChainConfig, ClientConfig, InferenceConfig, ModelConfig, SubscriberConfig } from './config.js';
import { absoluteModelType, absolutePath, isLocalModel, localModelName } from './paths.js';
import { rpcConfig } from './rpc-table.js';
import type { ClientTable, InferenceTable, SubscriberTable } from './schema.js';

/** Paths start from `folder`, that of the file they stand in. */
export function inferenceConfig(table: InferenceTable, folder: string): InferenceConfig {
  return {
    apiKey: table.api_key,
    cacheDir: absolutePath(table.cache_dir, folder),
    flushStorage: table.flush_storage,
    jrpcPort: table.jrpc_port,
    models: table.models.map((model) => modelConfig(model, table.backend, folder)),
    tracing: table.tracing,
    pool: {
      workers: table.pool.workers,
      sequences: table.pool.sequences,
      contextSize: table.pool.context_size,
      batchSize: table.pool.batch_size,
      threads: table.pool.threads,
    },
    scheduler: {
      maxRequestWaitMs: table.scheduler.max_request_wait_ms,
      maxQueuedRequests: table.scheduler.max_queued_requests,
      ticketReserve: table.scheduler.ticket_reserve,
    },
    rpc: rpcConfig(table.rpc, folder),
  };
}

export type ModelTable = InferenceTable['models'][number];

/** What prompts call a model. */
export function modelNameOf(table: ModelTable, folder: string): string {
  const modelType = absoluteModelType(table.model_type, folder);
  return table.name ?? (isLocalModel(table.model_type) ? localModelName(modelType) : modelType);
}

function modelConfig(table: ModelTable, backend: InferenceTable['backend'], folder: string): ModelConfig {
  return {
    name: modelNameOf(table, folder),
    devices: table.device,
    precision: table.precision,
    modelType: absoluteModelType(table.model_type, folder),
    revision: table.revision,
    useFlashAttention: table.use_flash_attention,
    backend: table.backend ?? backend,
  };
}

export function chainConfig(
  subscriber: SubscriberTable,
  client: ClientTable,
  clientFolder: string,
): ChainConfig {
  return {
    subscriber: { ...subscriberConfig(subscriber), smallId: subscriber.small_id },
    client: {
      ...clientConfig(client, clientFolder),
      nodeBadgeId: client.node_badge_id,
      smallId: client.small_id,
    },
  };
}

/** All but what a registration gives. */
export function subscriberConfig(
  table: Omit<SubscriberTable, 'small_id'>,
): Omit<SubscriberConfig, 'smallId'> {
  return {
    httpUrl: table.http_url,
    wsUrl: table.ws_url,
    packageId: table.package_id,
    requestTimeoutMs: table.request_timeout,
  };
}

/** All but what a registration gives. */
export function clientConfig(
  table: Omit<ClientTable, 'node_badge_id' | 'small_id'>,
  folder: string,
): Omit<ClientConfig, 'nodeBadgeId' | 'smallId'> {
  return {
    configPath: absolutePath(table.config_path, folder),
    atomaDbId: table.atoma_db_id,
    packageId: table.package_id,
    maxConcurrentRequests: table.max_concurrent_requests,
    requestTimeoutMs: table.request_timeout,
    dataDir: absolutePath(table.data_dir, folder),
    settlementTimeoutMs: table.settlement_timeout_ms,
    oracle: table.oracle,
  };
}
