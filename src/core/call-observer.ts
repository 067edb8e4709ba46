/** An HTTP request, as far as it is known before its body is read. */
export interface HttpFacts {
  readonly method: string;
  /** Without its query, which can hold secrets. */
  readonly path: string;
  /** The pattern that it matches, such as `/v1/models`; undefined where it matches none. */
  readonly route: string | undefined;
  /** Of the client's end of the connection. */
  readonly clientAddress: string | undefined;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface HttpEnd {
  /** Status that was answered; undefined where the client left before there was one. */
  readonly status: number | undefined;
}

/** A call of a JSON-RPC method that the node has. */
export interface RpcFacts {
  readonly method: string;
}

export interface RpcEnd {
  /** What the call threw; undefined where it was answered. */
  readonly error: unknown;
}

/** A call that has begun. */
export interface ObservedCall<End> {
  /** Runs what belongs to the call: calls and jobs that begin below, also later, are told as parts of it. */
  run<T>(work: () => T): T;
  /** Once. */
  end(end: End): void;
}

/**
 * Told of what clients ask of the node, whatever the transport. All are called synchronously on the main thread and
 * must neither throw nor block. Nobody tells it prompts or answers.
 */
export interface CallObserver {
  /** Also told of the request that opens a WebSocket. */
  onHttp(facts: HttpFacts): ObservedCall<HttpEnd>;
  onRpc(facts: RpcFacts): ObservedCall<RpcEnd>;
}
