import type { z } from 'zod';
import { host, hostNames, integer, origins, text, token } from './scalars.js';
import { table } from './unknown-key.js';

/** Where the node's RPC listens unless told otherwise: reachable from this machine only. */
const DEFAULT_HOST = '127.0.0.1';
/** 1 GiB: what is larger is no message. */
const MAX_BYTES = 1024 * 1024 * 1024;
/** A message has to fit a sane call at least, or nothing could be called. */
const MIN_BYTES = 1024;
/** Headers of Node's parser are counted in 32 bits; a megabyte is far beyond every proxy's own limit. */
const MAX_HEADER_BYTES = 1024 * 1024;
const MAX_COUNT = 1_000_000;
/** `JSON.stringify` recurses: some thousands of levels fill the stack. */
const MAX_JSON_DEPTH = 1_000;
/** An hour: no client is waited for longer. */
const MAX_MS = 3_600_000;
/** A call of the node itself is 3 levels deep. */
const MIN_JSON_DEPTH = 8;
const MIN_MS = 100;

const bytes = (what: string) => integer(`bytes of ${what}`, MIN_BYTES, MAX_BYTES).optional();
const count = (what: string) => integer(what, 1, MAX_COUNT).optional();
const milliseconds = (what: string) => integer(`milliseconds ${what}`, MIN_MS, MAX_MS).optional();

/** The table `[rpc]`: who may use the node, and how much of it. What is left out of the limits is chosen by the server. */
export const rpcTable = table({
  host: host.default(DEFAULT_HOST),
  admin_token: token.optional(),
  keys_file: text('the path of the file with the API keys').optional(),
  cors_origins: origins.default([]),
  allowed_hosts: hostNames.default([]),
  tls_cert: text('the path of a certificate in PEM').optional(),
  tls_key: text('the path of the private key of tls_cert in PEM').optional(),
  max_body_bytes: bytes('an HTTP body or a WebSocket message'),
  max_header_bytes: integer('bytes of all headers', MIN_BYTES, MAX_HEADER_BYTES).optional(),
  max_headers: count('headers of a request'),
  max_prompt_chars: integer('characters of a prompt', 1, MAX_BYTES).optional(),
  max_batch_calls: count('calls of a batch'),
  max_json_depth: integer('levels of nesting', MIN_JSON_DEPTH, MAX_JSON_DEPTH).optional(),
  max_concurrent_calls: count('calls at once'),
  max_connections: count('connections'),
  max_websockets: count('WebSockets'),
  max_websockets_per_key: count('WebSockets of a key'),
  max_subscriptions: count('subscriptions of a WebSocket'),
  max_subscriptions_per_key: count('subscriptions of a key'),
  merge_above_bytes: bytes('what a WebSocket has not read'),
  max_stall_ms: milliseconds('that a WebSocket may not read'),
  idle_timeout_ms: milliseconds('that an idle WebSocket is kept'),
  max_linger_ms: milliseconds('that a request goes on without its client'),
  max_buffered_bytes: bytes('what a WebSocket has not read'),
  headers_timeout_ms: milliseconds('for the headers'),
  request_timeout_ms: milliseconds('for a whole request'),
  keep_alive_timeout_ms: milliseconds('that an idle connection is kept'),
  ping_interval_ms: milliseconds('between two pings'),
}).superRefine(({ tls_cert: cert, tls_key: key }, context) => {
  if ((cert === undefined) === (key === undefined)) return;
  const [missing, given] = cert === undefined ? ['tls_cert', 'tls_key'] : ['tls_key', 'tls_cert'];
  const message = `the path of a PEM file, since ${given} is set: both or neither`;
  context.addIssue({ code: 'custom', path: [missing], message });
});

export type RpcTable = z.output<typeof rpcTable>;
