import type { Backend } from '../core/index.js';

/** The node's whole configuration, checked and frozen. Every path in it is absolute. */
export interface Config {
  readonly inference: InferenceConfig;
  /** Both chain tables or neither: without them the node serves RPC only. */
  readonly chain: ChainConfig | undefined;
}

export interface InferenceConfig {
  readonly apiKey: string | undefined;
  readonly cacheDir: string;
  readonly flushStorage: boolean;
  readonly jrpcPort: number;
  readonly models: readonly ModelConfig[];
  readonly tracing: boolean;
  readonly pool: PoolConfig;
  readonly scheduler: SchedulerConfig;
  readonly rpc: RpcConfig;
}

export interface ModelConfig {
  /** What prompts call it: `name` where given, else `model_type`, else the last part of its path. */
  readonly name: string;
  /** One label a replica: `cpu`, the index of a GPU, or its UUID. */
  readonly devices: readonly string[];
  readonly precision: string;
  readonly modelType: string;
  readonly revision: string;
  readonly useFlashAttention: boolean;
  readonly backend: Backend | 'auto';
}

export interface RpcConfig {
  readonly host: string;
  /** Opens the methods that change what the node runs, besides keys with the scope `admin`. */
  readonly adminToken: string | undefined;
  /** API keys; need not exist. */
  readonly keysFile: string;
  /** Origins whose pages may use the node. */
  readonly corsOrigins: readonly string[];
  /** Names the node goes by besides its own, in lower case. */
  readonly allowedHosts: readonly string[];
  /** PEM files; undefined for plain HTTP. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
  readonly limits: RpcLimitsConfig;
}

/** What is left out is chosen by the server. */
export interface RpcLimitsConfig {
  readonly maxMessageBytes?: number;
  readonly maxHeaderBytes?: number;
  readonly maxHeaders?: number;
  readonly maxPromptChars?: number;
  readonly maxBatchCalls?: number;
  readonly maxJsonDepth?: number;
  readonly maxConcurrentCalls?: number;
  readonly maxConnections?: number;
  readonly maxSockets?: number;
  readonly maxSocketsPerKey?: number;
  readonly maxSubscriptions?: number;
  readonly maxSubscriptionsPerKey?: number;
  readonly mergeAboveBytes?: number;
  readonly maxStallMs?: number;
  readonly idleTimeoutMs?: number;
  readonly maxLingerMs?: number;
  readonly maxBufferedBytes?: number;
  readonly headersTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
  readonly keepAliveTimeoutMs?: number;
  readonly pingIntervalMs?: number;
}

/** How a device is divided; what is undefined is chosen to suit the device. */
export interface PoolConfig {
  readonly workers: number | undefined;
  readonly sequences: number | undefined;
  /** Tokens a sequence can hold. */
  readonly contextSize: number | undefined;
  /** Tokens decoded at once. */
  readonly batchSize: number | undefined;
  readonly threads: number | undefined;
}

/** How RPC requests give way to tickets. */
export interface SchedulerConfig {
  /** A request is started or refused within this time. */
  readonly maxRequestWaitMs: number;
  /** Requests that may wait at the same time. */
  readonly maxQueuedRequests: number;
  /** Share of each model's sequences, 0 to 1, that requests leave to tickets. */
  readonly ticketReserve: number;
}

export interface ChainConfig {
  readonly subscriber: SubscriberConfig;
  readonly client: ClientConfig;
}

export interface SubscriberConfig {
  readonly httpUrl: string;
  readonly wsUrl: string | undefined;
  readonly packageId: string;
  readonly smallId: bigint;
  readonly requestTimeoutMs: number;
}

export interface ClientConfig {
  /** The Sui CLI's `client.yaml`. */
  readonly configPath: string;
  readonly atomaDbId: string;
  readonly nodeBadgeId: string;
  readonly packageId: string;
  readonly smallId: bigint;
  readonly maxConcurrentRequests: number;
  readonly requestTimeoutMs: number;
  /** Holds the journal. */
  readonly dataDir: string;
  /** How long the echelon's tickets wait for a commitment. */
  readonly settlementTimeoutMs: number;
  /** Whether the node settles disputes, as an oracle of its echelons. */
  readonly oracle: boolean;
}
