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
  readonly maxSockets: number;
  /** WebSockets of one key; of all who need none together. */
  readonly maxSocketsPerKey: number;
  /** Subscriptions of one WebSocket. */
  readonly maxSubscriptions: number;
  /** Subscriptions of all WebSockets of one key; of all who need none together. */
  readonly maxSubscriptionsPerKey: number;
  /**
   * Unsent bytes from which on frames of token streams are not queued for a client any more: they wait in their
   * stream, and come as few, large ones when the client has read. Where the system's own buffer is larger, from that.
   */
  readonly mergeAboveBytes: number;
  /** Unsent bytes, of answers that a client asked for and does not read, at which its WebSocket is closed. */
  readonly maxBufferedBytes: number;
  /** How long a client whose frames wait may take to read what was sent before its WebSocket is closed. */
  readonly maxStallMs: number;
  /**
   * How long a WebSocket without calls and subscriptions is kept, also one that answers pings; looked at with each
   * ping.
   */
  readonly idleTimeoutMs: number;
  /** How long a request may go on, at most, that its owner left and nobody reads. */
  readonly maxLingerMs: number;
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
  // All WebSockets, and HTTP besides. None is counted by address: behind a proxy all have one.
  maxConnections: 20_000,
  // About 12 KiB each: 200 MB.
  maxSockets: 16_384,
  // Nobody takes them all.
  maxSocketsPerKey: 12_288,
  maxSubscriptions: 1024,
  // Under 1 KiB each.
  maxSubscriptionsPerKey: 16_384,
  // The most that Node's sockets take before they say that they are full: 0.5 s of 300 frames a second.
  mergeAboveBytes: 64 * 1024,
  // Eight of the largest answers.
  maxBufferedBytes: 8 * 1024 * 1024,
  // 64 KiB in that time is 17 kbit/s: less than any connection that is one.
  maxStallMs: 30_000,
  idleTimeoutMs: 600_000,
  // A mobile client that changes networks, a proxy that is started anew.
  maxLingerMs: 60_000,
  headersTimeoutMs: 10_000,
  // 1 MiB over 300 kbit/s.
  requestTimeoutMs: 30_000,
  // Above the 60 s at which common proxies drop an idle connection, so that they close first.
  keepAliveTimeoutMs: 72_000,
  // Common NATs and proxies forget a silent connection after 60 s.
  pingIntervalMs: 30_000,
  stopGraceMs: 1_000,
};
