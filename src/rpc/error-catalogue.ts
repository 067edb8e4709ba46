import { AtomaError, toErrorData } from '../core/index.js';
import { fieldsToWire } from './wire/fields.js';

interface CatalogueEntry {
  /** The `code` of the JSON-RPC error object. */
  readonly rpc: number;
  /** What it is in HTTP's terms: the status where a request is refused before JSON-RPC is reached. */
  readonly http: number;
}

/**
 * Every error that a client can get, by the `code` that stands in its `data`. The first five numbers are
 * those of the JSON-RPC 2.0 specification; -32000 to -32099 are its range for servers.
 */
export const ERROR_CATALOGUE = {
  parse_error: { rpc: -32700, http: 400 },
  invalid_request: { rpc: -32600, http: 400 },
  method_not_found: { rpc: -32601, http: 404 },
  invalid_params: { rpc: -32602, http: 400 },
  internal: { rpc: -32603, http: 500 },

  not_found: { rpc: -32001, http: 404 },
  unknown_model: { rpc: -32002, http: 404 },
  prompt_too_long: { rpc: -32003, http: 400 },
  request_id_in_use: { rpc: -32004, http: 409 },
  websocket_only: { rpc: -32005, http: 400 },
  chat_template_failed: { rpc: -32006, http: 400 },
  no_chat_template: { rpc: -32007, http: 400 },
  embeddings_unsupported: { rpc: -32008, http: 400 },
  grammar_unsupported: { rpc: -32009, http: 400 },

  busy: { rpc: -32010, http: 429 },
  batch_too_large: { rpc: -32011, http: 413 },
  too_many_calls: { rpc: -32012, http: 429 },
  too_many_subscriptions: { rpc: -32013, http: 429 },
  rate_limited: { rpc: -32014, http: 429 },
  too_many_connections: { rpc: -32015, http: 429 },

  not_ready: { rpc: -32020, http: 503 },
  cancelled: { rpc: -32021, http: 499 },
  device_died: { rpc: -32022, http: 503 },
  engine_failed: { rpc: -32023, http: 500 },
  job_killed_worker: { rpc: -32024, http: 500 },
  no_device: { rpc: -32025, http: 503 },
  journal_failed: { rpc: -32026, http: 503 },

  route_not_found: { rpc: -32030, http: 404 },
  request_too_large: { rpc: -32031, http: 413 },
  unsupported_media_type: { rpc: -32032, http: 415 },
  origin_refused: { rpc: -32033, http: 403 },
  bad_http_request: { rpc: -32034, http: 400 },
  host_refused: { rpc: -32035, http: 403 },

  unauthorized: { rpc: -32040, http: 401 },
  admin_disabled: { rpc: -32041, http: 403 },
  forbidden: { rpc: -32042, http: 403 },

  model_exists: { rpc: -32050, http: 409 },
  model_not_found: { rpc: -32051, http: 404 },
  model_not_known: { rpc: -32052, http: 404 },
  model_unsupported: { rpc: -32053, http: 400 },
  model_forbidden: { rpc: -32054, http: 403 },
  model_load_failed: { rpc: -32055, http: 500 },
  model_unsafe_path: { rpc: -32056, http: 400 },
  no_model_loaded: { rpc: -32057, http: 500 },
  device_not_found: { rpc: -32058, http: 404 },
  backend_unavailable: { rpc: -32059, http: 503 },
  insufficient_memory: { rpc: -32060, http: 507 },

  hub_unreachable: { rpc: -32070, http: 502 },
  hub_unavailable: { rpc: -32071, http: 502 },
  hub_busy: { rpc: -32072, http: 503 },
  hub_refused: { rpc: -32073, http: 502 },
  download_corrupt: { rpc: -32074, http: 502 },
  disk_full: { rpc: -32075, http: 507 },
  cache_unwritable: { rpc: -32076, http: 500 },
  lock_unavailable: { rpc: -32077, http: 503 },
  cache_changed: { rpc: -32078, http: 503 },
} as const satisfies Record<string, CatalogueEntry>;

export type CatalogueCode = keyof typeof ERROR_CATALOGUE;

/** The error object of JSON-RPC 2.0; `data.code` is the stable name of what happened. */
export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>> & { readonly code: string };
}

/** An {@link AtomaError} whose code the catalogue holds. */
export function catalogued(
  code: CatalogueCode,
  message: string,
  fields: Readonly<Record<string, unknown>> = {},
): AtomaError {
  return new AtomaError(code, message, { fields });
}

/** True for an error that a client is meant to see; anything else is a fault of the node. */
export function isCatalogued(error: unknown): boolean {
  return error instanceof AtomaError && error.code !== 'internal' && entryOf(error.code) !== undefined;
}

/**
 * Any thrown value as a JSON-RPC error. An `AtomaError` keeps its message and fields; of anything else the
 * client learns only that the node failed: such messages can hold paths and addresses of the machine.
 */
export function toRpcError(error: unknown): RpcError {
  if (!(error instanceof AtomaError)) {
    const message = 'Internal error: the node failed to answer this call; its log says why.';
    return { code: ERROR_CATALOGUE.internal.rpc, message, data: { code: 'internal' } };
  }
  const { code, message, fields } = toErrorData(error);
  const entry = entryOf(code) ?? ERROR_CATALOGUE.internal;
  return { code: entry.rpc, message, data: { ...fieldsToWire(fields), code } };
}

/** What an error is in HTTP's terms. */
export function httpStatusOf(error: unknown): number {
  const entry = error instanceof AtomaError ? entryOf(error.code) : undefined;
  return (entry ?? ERROR_CATALOGUE.internal).http;
}

function entryOf(code: string): CatalogueEntry | undefined {
  const entries: Readonly<Record<string, CatalogueEntry>> = ERROR_CATALOGUE;
  return Object.hasOwn(entries, code) ? entries[code] : undefined;
}
