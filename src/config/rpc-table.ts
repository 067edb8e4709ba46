import type { RpcConfig, RpcLimitsConfig } from './config.js';
import { absolutePath } from './paths.js';
import type { RpcTable } from './rpc-schema.js';

/** Beside the file that names it: keys belong to a node, as its configuration does. */
const DEFAULT_KEYS_FILE = 'api-keys.json';

/** Paths start from `folder`, that of the file they stand in. */
export function rpcConfig(table: RpcTable, folder: string): RpcConfig {
  const { tls_cert: cert, tls_key: key } = table;
  return {
    host: table.host,
    adminToken: table.admin_token,
    keysFile: absolutePath(table.keys_file ?? DEFAULT_KEYS_FILE, folder),
    corsOrigins: table.cors_origins,
    allowedHosts: table.allowed_hosts,
    tls:
      cert === undefined || key === undefined
        ? undefined
        : { certFile: absolutePath(cert, folder), keyFile: absolutePath(key, folder) },
    limits: limitsConfig(table),
  };
}

function limitsConfig(table: RpcTable): RpcLimitsConfig {
  const limits = {
    maxMessageBytes: table.max_body_bytes,
    maxHeaderBytes: table.max_header_bytes,
    maxHeaders: table.max_headers,
    maxPromptChars: table.max_prompt_chars,
    maxBatchCalls: table.max_batch_calls,
    maxJsonDepth: table.max_json_depth,
    maxConcurrentCalls: table.max_concurrent_calls,
    maxConnections: table.max_connections,
    maxSockets: table.max_websockets,
    maxSocketsPerKey: table.max_websockets_per_key,
    maxSubscriptions: table.max_subscriptions,
    maxSubscriptionsPerKey: table.max_subscriptions_per_key,
    mergeAboveBytes: table.merge_above_bytes,
    maxStallMs: table.max_stall_ms,
    idleTimeoutMs: table.idle_timeout_ms,
    maxLingerMs: table.max_linger_ms,
    maxBufferedBytes: table.max_buffered_bytes,
    headersTimeoutMs: table.headers_timeout_ms,
    requestTimeoutMs: table.request_timeout_ms,
    keepAliveTimeoutMs: table.keep_alive_timeout_ms,
    pingIntervalMs: table.ping_interval_ms,
  };
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}
