import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { type Server, WebSocketServer } from 'ws';
import type { CallObserver } from '../../core/index.js';
import type { AccessControl } from '../access/access-control.js';
import { chooseSubprotocol } from '../access/bearer.js';
import type { Identity } from '../access/principal.js';
import { catalogued } from '../error-catalogue.js';
import { checkSource, type GateOptions, logRefusal } from '../http/gate.js';
import { toRefusal } from '../http/refusal.js';
import type { Dispatcher } from '../json-rpc/dispatcher.js';
import type { RpcMeters } from '../metrics/rpc-meters.js';
import type { WebSocketUsage } from '../metrics/websocket-gauges.js';
import type { RpcLimits } from '../options.js';
import { FrameEncoder } from './frame-encoder.js';
import { LingeringRequests } from './lingering.js';
import { observeUpgrade } from './observe-upgrade.js';
import { Quota } from './quota.js';
import { type SessionContext, SessionSocket, WebSocketSession } from './session.js';

export const WEBSOCKET_PATH = '/ws';

/** RFC 6455, 7.4.1: the endpoint is going away. */
const CLOSE_GOING_AWAY = 1001;
/** RFC 6455, 7.4.1: what the client does goes against a policy. */
const CLOSE_POLICY_VIOLATION = 1008;
const UNWANTED_REASON = 'The API key was revoked or has expired, or the node wants one now.';

interface EndpointOptions {
  readonly limits: RpcLimits;
  readonly gate: GateOptions;
}

interface EndpointModules {
  readonly dispatcher: Dispatcher;
  readonly access: AccessControl;
  readonly calls?: CallObserver | undefined;
  readonly meters?: RpcMeters | undefined;
  readonly logger: Logger;
}

/** Turns upgrade requests of an HTTP server into sessions, and ends them all. */
export class WebSocketEndpoint {
  readonly #access: AccessControl;
  readonly #gate: GateOptions;
  readonly #calls: CallObserver | undefined;
  readonly #logger: Logger;
  readonly #meters: RpcMeters | undefined;
  readonly #context: SessionContext;
  readonly #server: Server<typeof SessionSocket>;
  readonly #lingering = new LingeringRequests();
  readonly #sockets: Quota;
  readonly #sessions = new Map<WebSocketSession, Identity>();
  #onEmpty: (() => void) | undefined;
  readonly #pings: NodeJS.Timeout;
  #stopping = false;

  constructor({ limits, gate }: EndpointOptions, modules: EndpointModules) {
    const { access, calls, meters, ...shared } = modules;
    this.#access = access;
    this.#gate = gate;
    this.#calls = calls;
    this.#meters = meters;
    this.#logger = modules.logger;
    access.onChange(() => this.#closeUnwanted());
    this.#sockets = new Quota({ perKey: limits.maxSocketsPerKey, total: limits.maxSockets });
    this.#context = {
      limits,
      ...shared,
      encoder: new FrameEncoder(),
      lingering: this.#lingering,
      subscriptionQuota: new Quota({
        perKey: limits.maxSubscriptionsPerKey,
        total: Number.POSITIVE_INFINITY,
      }),
      onClosed: (session) => this.#onClosed(session),
    };
    this.#server = new WebSocketServer({
      WebSocket: SessionSocket,
      noServer: true,
      clientTracking: false,
      handleProtocols: chooseSubprotocol,
      maxPayload: limits.maxMessageBytes,
      // Token frames are too small to gain by it, and each socket would cost a deflate window.
      perMessageDeflate: false,
    });
    this.#pings = setInterval(() => {
      for (const session of this.#sessions.keys()) session.ping();
    }, limits.pingIntervalMs);
    this.#pings.unref();
  }

  /** To be called on the HTTP server's `upgrade`. */
  handleUpgrade(request: IncomingMessage, connection: Duplex, head: Buffer): void {
    try {
      this.#check(request);
      this.#accept(request, connection, head);
    } catch (error) {
      this.#meters?.upgradeRefused(error);
      refuse(connection, error);
    }
  }

  /** What there is of WebSockets now. */
  usage(): WebSocketUsage {
    const usage = {
      connections: this.#sessions.size,
      subscriptions: 0,
      bufferedBytes: 0,
      maxBufferedBytes: 0,
    };
    for (const { bufferedBytes, subscriptionCount } of this.#sessions.keys()) {
      usage.subscriptions += subscriptionCount;
      usage.bufferedBytes += bufferedBytes;
      usage.maxBufferedBytes = Math.max(usage.maxBufferedBytes, bufferedBytes);
    }
    return usage;
  }

  /** Ends what clients started, closes every socket with 1001; resolves when the last one is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#pings);
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    for (const session of this.#sessions.keys())
      void session.leave(CLOSE_GOING_AWAY, 'The node is stopping.');
    // Those that are left now have nobody to be told.
    this.#lingering.stop();
    if (this.#sessions.size > 0) await empty;
  }

  /** @throws AtomaError why nobody gets a WebSocket this way. */
  #check(request: IncomingMessage): void {
    checkSource(request, this.#gate);
    if (request.url?.split('?', 1)[0] !== WEBSOCKET_PATH) {
      throw catalogued('route_not_found', `The WebSocket is at ${WEBSOCKET_PATH}.`);
    }
    if (this.#stopping) throw catalogued('not_ready', 'The node is stopping.');
  }

  /** @throws AtomaError `unauthorized` */
  #authenticate({ headers, socket }: IncomingMessage): Identity {
    const address = socket.remoteAddress;
    try {
      return this.#access.authenticate(headers, address);
    } catch (error) {
      logRefusal(this.#logger, { method: 'GET', path: WEBSOCKET_PATH, address, error });
      throw error;
    }
  }

  /** Keys are revoked and run out while their WebSockets are open. */
  #closeUnwanted(): void {
    for (const [session, identity] of this.#sessions) {
      if (isUnwanted(identity)) void session.leave(CLOSE_POLICY_VIOLATION, UNWANTED_REASON);
    }
  }

  /** @throws AtomaError `unauthorized`, `too_many_connections` */
  #accept(request: IncomingMessage, connection: Duplex, head: Buffer): void {
    const principal = this.#authenticate(request);
    const limit = this.#sockets.take(principal.id);
    if (limit !== undefined) {
      throw catalogued('too_many_connections', `There are ${limit} WebSockets, the most at once.`);
    }
    const release = (): void => this.#sockets.giveBack(principal.id);
    connection.once('close', release);
    this.#server.handleUpgrade(request, connection, head, (socket) => {
      connection.removeListener('close', release);
      const within = observeUpgrade(request, this.#calls);
      const session = new WebSocketSession(this.#context, { socket, connection, principal, within });
      this.#sessions.set(session, principal);
    });
  }

  #onClosed(session: WebSocketSession): void {
    this.#sessions.delete(session);
    this.#meters?.socketClosed(session.closedWith);
    this.#sockets.giveBack(session.principal.id);
    if (this.#sessions.size === 0) this.#onEmpty?.();
  }
}

function isUnwanted(identity: Identity): boolean {
  try {
    identity.check();
    return false;
  } catch {
    return true;
  }
}

function refuse(connection: Duplex, error: unknown): void {
  const { status, headers, body } = toRefusal(error);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'connection: close',
    `content-length: ${Buffer.byteLength(body)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  connection.on('error', () => connection.destroy());
  connection.once('finish', () => connection.destroy());
  connection.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
