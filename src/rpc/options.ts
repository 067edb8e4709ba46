/** Where the server listens and what it allows. */
export interface RpcServerOptions {
  /** Name or address of the interface. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Opens the methods that change what the node runs; without it they are closed. */
  readonly adminToken?: string | undefined;
  /** Changes to {@link DEFAULT_LIMITS}. */
  readonly limits?: Partial<RpcLimits>;
}

/** What one client may ask of the node before it is refused. */
export interface RpcLimits {
  /** Largest HTTP body and largest WebSocket message. */
  readonly maxMessageBytes: number;
  /** Calls in one JSON-RPC batch. */
  readonly maxBatchCalls: number;
  /** Calls that run at once for one WebSocket or one HTTP request. */
  readonly maxConcurrentCalls: number;
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
  maxBatchCalls: 100,
  // More than two full batches; the node's own queue is the real bound.
  maxConcurrentCalls: 256,
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
