import { z } from 'zod';
import { rpcTable } from './rpc-schema.js';
import {
  DEFAULT_REVISION,
  devices,
  flag,
  integer,
  objectId,
  port,
  revision,
  secret,
  share,
  text,
  timeoutNanos,
  timeoutSecs,
  u64,
  url,
  word,
} from './scalars.js';
import { table } from './unknown-key.js';

/** The values of the seed's samples. */
const DEFAULT_MAX_CONCURRENT_REQUESTS = 1000;
const DEFAULT_TIMEOUT_MS = 300_000;
/** Beside the chain client's file: what a badge has committed to stays with what names the badge. */
const DEFAULT_DATA_DIR = 'data';
/** What the contract gives a new echelon. */
const DEFAULT_SETTLEMENT_TIMEOUT_MS = 60_000;
/** A day: an epoch of Sui, from whose start the contract counts. */
const MAX_SETTLEMENT_TIMEOUT_MS = 86_400_000;
/** Transactions in flight at once; far beyond what one wallet can have. */
const MAX_CONCURRENT_REQUESTS = 1_000_000;
/** llama.cpp's own limits: LLAMA_MAX_SEQ and GGML_MAX_N_THREADS. */
const MAX_SEQUENCES = 256;
const MAX_THREADS = 512;
/** A thread with a context each: more than any machine has use for. */
const MAX_WORKERS = 256;
/** 16 Mi tokens: above every model's context. */
const MAX_CONTEXT_TOKENS = 16_777_216;
/** Half of the second within which a client is to hear something. */
const DEFAULT_MAX_REQUEST_WAIT_MS = 500;
const DEFAULT_MAX_QUEUED_REQUESTS = 256;
/** A quarter of the sequences. */
const DEFAULT_TICKET_RESERVE = 0.25;
/** An hour: no client waits longer. */
const MAX_REQUEST_WAIT_MS = 3_600_000;
/** Each holds its prompt in memory. */
const MAX_QUEUED_REQUESTS = 1_000_000;

/** What runs a model; `auto` takes what suits the device and the weights that there are. */
const backend = word(['auto', 'llama', 'onnx', 'wasm']);

const modelTable = table({
  name: text('the name that prompts use').optional(),
  device: devices,
  precision: text('a precision such as "q8_0" or "f16"'),
  model_type: text('a model name, a repository "owner/name" or a path'),
  revision: revision.default(DEFAULT_REVISION),
  use_flash_attention: flag.default(false),
  backend: backend.optional(),
});

/** Order of the seed's array form. */
const MODEL_ARRAY = ['device', 'precision', 'model_type', 'revision', 'use_flash_attention'];

/** A model as a table, or as the seed's array; problems of an array are told by index. */
export const modelSchema = z.unknown().transform((value, context): z.output<typeof modelTable> => {
  const isArray = Array.isArray(value);
  if (isArray && value.length !== MODEL_ARRAY.length) {
    const message = `the ${MODEL_ARRAY.length} elements [${MODEL_ARRAY.join(', ')}]`;
    context.issues.push({ code: 'custom', message, input: value });
    return z.NEVER;
  }
  const named = isArray ? Object.fromEntries(MODEL_ARRAY.map((key, index) => [key, value[index]])) : value;
  const result = modelTable.safeParse(named);
  if (result.success) return result.data;
  for (const { path, message, ...issue } of result.error.issues) {
    const place = isArray ? path.map((key) => MODEL_ARRAY.indexOf(String(key))) : path;
    if (issue.code !== 'unrecognized_keys') {
      context.issues.push({ code: 'custom', path: place, message, input: value });
    } else {
      context.issues.push({ code: issue.code, keys: issue.keys, path: place, message, input: Object(value) });
    }
  }
  return z.NEVER;
});

const pool = table({
  workers: integer('workers per device', 1, MAX_WORKERS).optional(),
  sequences: integer('sequences per worker', 1, MAX_SEQUENCES).optional(),
  context_size: integer('tokens per sequence', 1, MAX_CONTEXT_TOKENS).optional(),
  batch_size: integer('tokens per batch', 1, MAX_CONTEXT_TOKENS).optional(),
  threads: integer('threads per worker', 1, MAX_THREADS).optional(),
});

const scheduler = table({
  max_request_wait_ms: integer('milliseconds', 0, MAX_REQUEST_WAIT_MS).default(DEFAULT_MAX_REQUEST_WAIT_MS),
  max_queued_requests: integer('requests that wait', 0, MAX_QUEUED_REQUESTS).default(
    DEFAULT_MAX_QUEUED_REQUESTS,
  ),
  ticket_reserve: share("a share of a model's sequences").default(DEFAULT_TICKET_RESERVE),
});

/** `{ secs, nanos }`, as the seed writes a duration, to ms. */
const timeout = table({ secs: timeoutSecs, nanos: timeoutNanos.default(0) }).transform(
  (duration, context) => {
    const ms = Math.ceil(duration.secs * 1000 + duration.nanos / 1e6);
    if (ms === 0) context.issues.push({ code: 'custom', message: 'a duration above 0', input: duration });
    return ms;
  },
);

/** The model service's file, or the table `[inference]`. */
export const inferenceSchema = table({
  api_key: secret.optional(),
  cache_dir: text('a folder for downloaded models'),
  flush_storage: flag.default(false),
  jrpc_port: port,
  models: z
    .array(modelSchema, {
      error: 'an array of models: [[device, precision, model_type, revision, use_flash_attention], …]',
    })
    .min(1, { error: 'at least one model' }),
  tracing: flag.default(false),
  backend: backend.default('auto'),
  pool: pool.prefault({}),
  scheduler: scheduler.prefault({}),
  rpc: rpcTable.prefault({}),
});

/** The event subscriber's file, or the table `[event_subscriber]`. */
export const subscriberSchema = table({
  http_url: url(['https', 'http']),
  ws_url: url(['wss', 'ws']).optional(),
  package_id: objectId,
  small_id: u64,
  request_timeout: timeout.default(DEFAULT_TIMEOUT_MS),
});

/** The chain client's file, or the table `[client]`. */
export const clientSchema = table({
  config_path: text("the path of the Sui CLI's client.yaml"),
  atoma_db_id: objectId,
  node_badge_id: objectId,
  package_id: objectId,
  small_id: u64,
  max_concurrent_requests: integer('requests at once', 1, MAX_CONCURRENT_REQUESTS).default(
    DEFAULT_MAX_CONCURRENT_REQUESTS,
  ),
  request_timeout: timeout.default(DEFAULT_TIMEOUT_MS),
  data_dir: text('a folder for the journal').default(DEFAULT_DATA_DIR),
  settlement_timeout_ms: integer(
    'ms that the chain waits for a commitment',
    1,
    MAX_SETTLEMENT_TIMEOUT_MS,
  ).default(DEFAULT_SETTLEMENT_TIMEOUT_MS),
  oracle: flag.default(false),
});

/** The tables of a single file; what is in them is checked by their own schemas. */
export const singleFileSchema = table({
  inference: z.unknown().optional(),
  event_subscriber: z.unknown().optional(),
  client: z.unknown().optional(),
});

export type InferenceTable = z.output<typeof inferenceSchema>;
export type SubscriberTable = z.output<typeof subscriberSchema>;
export type ClientTable = z.output<typeof clientSchema>;
