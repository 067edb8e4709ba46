import type { TlsFiles } from './tls/certificate.js';

/** Where the server listens and what it allows. */
export interface RpcServerOptions {
  /** Name or address of the interface. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Listen beyond this machine without any key. */
  readonly insecure?: boolean | undefined;
  /** API keys, followed while the server runs; undefined for none. */
  readonly keysFile?: string | undefined;
  /** Opens the methods that change what the node runs, besides keys with the scope `admin`. */
  readonly adminToken?: string | undefined;
  /** Origins whose pages may use the node, such as `https://app.example`. */
  readonly corsOrigins?: readonly string[];
  /** Names the node goes by besides those of this machine and `host`, in lower case. */
  readonly allowedHosts?: readonly string[];
  /** undefined for plain HTTP. */
  readonly tls?: TlsFiles | undefined;
  /** Changes to {@link DEFAULT_LIMITS}. */
  readonly limits?: Partial<RpcLimits>;
}

/** What one client may ask of the node before it is refused. */
export interface RpcLimits {
  /** Largest HTTP body and largest WebSocket message. */
  readonly maxMessageBytes: number;
  /** All headers of an HTTP request together. */
  readonly maxHeaderBytes: number;
  readonly maxHeaders: number;
  /** UTF-16 units of one prompt. */
  readonly maxPromptChars: number;
  /** Calls in one JSON-RPC batch. */
  readonly maxBatchCalls: number;
  /** Arrays and objects within one another. */
  readonly maxJsonDepth: number;
  /** Calls that run at once for one WebSocket or one HTTP request. */
  readonly maxConcurrentCalls: number;
  /** Open connections of all clients. */
  readonly maxConnections: number;
  /** WebSockets among them. */
  readonly maxWebSockets: number;
  /** Subscriptions of one WebSocket. */
  readonly maxSubscriptions: number;
  /** Unsent bytes at which a WebSocket whose client does not read is closed. */
  readonly maxBufferedBytes: number;
  /** How long a client may take to send its HTTP headers. */
  readonly headersTimeoutMs: number;
  /** How long a client may take to send a whole HTTP request; the answer may take as long as it needs. */
  readonly requestTimeoutMs: number;
  /** How long an idle HTTP connection is kept. */
  readonly keepAliveTimeoutMs: number;
  /** A WebSocket that gave no sign of life between two pings is dropped. */
  readonly pingIntervalMs: number;
  /** How long `stop` lets open calls answer and sockets say goodbye before it cuts them off. */
  readonly stopGraceMs: number;
}

export const DEFAULT_LIMITS: RpcLimits = {
  // A prompt of 1 MiB is beyond the context of every model that the node runs.
  maxMessageBytes: 1024 * 1024,
  // What Node's own server takes.
  maxHeaderBytes: 16 * 1024,
  // Browsers behind several proxies send about 40.
  maxHeaders: 100,
  // A whole context of 128 Ki tokens at about 4 characters each.
  maxPromptChars: 512 * 1024,
  maxBatchCalls: 100,
  // A call is 3 deep, a JSON schema in it 20 or 30; the stack holds some thousands.
  maxJsonDepth: 64,
  // More than two full batches; the node's own queue is the real bound.
  maxConcurrentCalls: 256,
  // 10 000 idle subscribers with room to spare; some 10 kB of memory each. None is counted by address: behind a
  // proxy all have one.
  maxConnections: 20_000,
  maxWebSockets: 16_384,
  maxSubscriptions: 1024,
  // About 60 000 token frames: minutes of a fast stream.
  maxBufferedBytes: 8 * 1024 * 1024,
  headersTimeoutMs: 10_000,
  // 1 MiB over 300 kbit/s.
  requestTimeoutMs: 30_000,
  // Above the 60 s at which common proxies drop an idle connection, so that they close first.
  keepAliveTimeoutMs: 72_000,
  // Common NATs and proxies forget a silent connection after 60 s.
  pingIntervalMs: 30_000,
  stopGraceMs: 1_000,
};
