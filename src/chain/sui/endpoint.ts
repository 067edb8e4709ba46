import { ChannelCredentials } from '@grpc/grpc-js';
import { SuiGrpcClient } from '@mysten/sui/grpc';
import { GrpcTransport } from '@protobuf-ts/grpc-transport';
import type { RpcInterceptor } from '@protobuf-ts/runtime-rpc';
import { AtomaError } from '../../core/index.js';
import { rpcCode } from './rpc-errors.js';

/** A connection over which a quiet stream runs is pinged so often: most proxies cut idle ones after 60 s. */
const KEEPALIVE_MS = 20_000;
/** A ping without an answer for so long closes the connection. */
const KEEPALIVE_TIMEOUT_MS = 10_000;
const RECONNECT_FIRST_MS = 100;
/** grpc-js would wait up to 2 minutes; a ticket's deadline is shorter than that. */
const RECONNECT_MAX_MS = 2_000;
/** An event may hold 256 KiB on Sui; gRPC's default of 4 MiB is too close to a few of them in one message. */
const MAX_RECEIVE_BYTES = 64 * 1024 * 1024;

export interface EndpointOptions {
  /** `https://host[:443]` or `http://host[:80]`; may carry `user:password@`. */
  readonly url: string;
  /** `user:password`, as `basic_auth` of the Sui CLI's `client.yaml`; wins over the URL's. */
  readonly basicAuth?: string | undefined;
  /** Unary calls that do not say otherwise fail with DEADLINE_EXCEEDED after so long. */
  readonly callTimeoutMs: number;
}

/** Where an endpoint is, without its credentials. */
export interface EndpointAddress {
  /** For people: scheme, host and port. */
  readonly url: string;
  /** gRPC target, `host:port`. */
  readonly target: string;
  readonly secure: boolean;
  readonly basicAuth: string | undefined;
}

/** A full node, over one connection at a time. */
export interface Endpoint {
  readonly url: string;
  /** Ask for it anew for each call: it changes when a connection is abandoned. */
  readonly client: SuiGrpcClient;
  /**
   * Makes a new connection for all calls from now on, where `client` is still the present one. A half-open
   * connection takes every call and answers none; waiting for its keepalive would cost half a minute.
   */
  abandon(client: SuiGrpcClient): void;
  /** Ends the connection, and every unary call that was given no signal of its own. */
  close(): void;
}

/**
 * Reads a full node's URL.
 * @throws AtomaError `invalid_endpoint` for anything but an http(s) URL without a path.
 */
export function parseEndpoint(url: string, basicAuth?: string): EndpointAddress {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !['http:', 'https:'].includes(parsed.protocol)) {
    throw invalidEndpoint(withoutCredentials(url), 'it is no http:// or https:// URL');
  }
  if (parsed.pathname !== '/' || parsed.search !== '' || parsed.hash !== '') {
    throw invalidEndpoint(`${parsed.protocol}//${parsed.host}${parsed.pathname}`, 'gRPC knows no path');
  }
  const secure = parsed.protocol === 'https:';
  const target = `${parsed.hostname}:${parsed.port === '' ? (secure ? 443 : 80) : parsed.port}`;
  return {
    url: `${parsed.protocol}//${target}`,
    target,
    secure,
    basicAuth: basicAuth ?? credentialsOf(parsed),
  };
}

/**
 * The one place that makes the client of a full node. Nothing is sent before the first call. A call that
 * runs into its deadline abandons its connection; streams that still flow on it go on.
 * @throws AtomaError `invalid_endpoint`
 */
export function openEndpoint(options: EndpointOptions): Endpoint {
  const address = parseEndpoint(options.url, options.basicAuth);
  const calls = new Set<AbortController>();
  const connect = (): Connection => {
    const interceptor = unaryCalls(calls, options.callTimeoutMs, () => abandon(connection.client));
    const transport = openTransport(address, interceptor);
    const connection = { transport, client: new SuiGrpcClient({ network: 'custom', transport }) };
    return connection;
  };
  let current = connect();
  let closed = false;
  const abandon = (client: SuiGrpcClient): void => {
    if (closed || client !== current.client) return;
    current.transport.close();
    current = connect();
  };
  return {
    url: address.url,
    get client() {
      return current.client;
    },
    abandon,
    close: () => {
      closed = true;
      for (const call of calls) call.abort();
      current.transport.close();
    },
  };
}

interface Connection {
  readonly transport: GrpcTransport;
  readonly client: SuiGrpcClient;
}

function openTransport(address: EndpointAddress, interceptor: RpcInterceptor): GrpcTransport {
  const { target, secure, basicAuth } = address;
  return new GrpcTransport({
    host: target,
    channelCredentials: secure ? ChannelCredentials.createSsl() : ChannelCredentials.createInsecure(),
    clientOptions: {
      'grpc.keepalive_time_ms': KEEPALIVE_MS,
      'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
      'grpc.initial_reconnect_backoff_ms': RECONNECT_FIRST_MS,
      'grpc.max_reconnect_backoff_ms': RECONNECT_MAX_MS,
      'grpc.max_receive_message_length': MAX_RECEIVE_BYTES,
      // A new channel must be a new connection, and closing one must not touch another's.
      'grpc.use_local_subchannel_pool': 1,
    },
    interceptors: [interceptor],
    ...(basicAuth === undefined ? {} : { meta: { authorization: basicHeader(basicAuth) } }),
  });
}

/**
 * The SDK passes no deadline and no signal for the calls it makes by itself, such as the simulation in a build.
 * @param calls holds the calls that run and were given no signal, to be ended with the endpoint
 */
function unaryCalls(calls: Set<AbortController>, timeoutMs: number, onExceeded: () => void): RpcInterceptor {
  return {
    interceptUnary: (next, method, input, options) => {
      const own = new AbortController();
      const { timeout = timeoutMs, abort = own.signal } = options;
      if (abort === own.signal) calls.add(own);
      const call = next(method, input, { ...options, timeout, abort });
      const over = (): boolean => calls.delete(own);
      call.response.then(over, (error: unknown) => {
        over();
        if (rpcCode(error) === 'DEADLINE_EXCEEDED') onExceeded();
      });
      return call;
    },
  };
}

function basicHeader(credentials: string): string {
  return `Basic ${Buffer.from(credentials, 'utf8').toString('base64')}`;
}

function credentialsOf(url: URL): string | undefined {
  if (url.username === '' && url.password === '') return undefined;
  return `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
}

function withoutCredentials(url: string): string {
  return url.replace(/\/\/[^/]*@/, '//');
}

function invalidEndpoint(url: string, reason: string): AtomaError {
  return new AtomaError(
    'invalid_endpoint',
    `the endpoint ${JSON.stringify(url)} cannot be used: ${reason}. Give a Sui full node's gRPC endpoint, such as https://fullnode.testnet.sui.io:443.`,
    { fields: { url } },
  );
}
