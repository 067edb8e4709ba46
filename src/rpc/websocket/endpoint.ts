import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { type Server, WebSocketServer } from 'ws';
import type { AccessControl } from '../access/access-control.js';
import { type CatalogueCode, catalogued } from '../error-catalogue.js';
import { isLoopbackOrigin } from '../http/origin.js';
import { toRefusal } from '../http/refusal.js';
import type { Dispatcher } from '../json-rpc/dispatcher.js';
import type { RpcLimits } from '../options.js';
import { FrameEncoder } from './frame-encoder.js';
import { LingeringRequests } from './lingering.js';
import { Quota } from './quota.js';
import { type SessionContext, SessionSocket, WebSocketSession } from './session.js';

export const WEBSOCKET_PATH = '/ws';

/** RFC 6455, 7.4.1: the endpoint is going away. */
const CLOSE_GOING_AWAY = 1001;

interface EndpointModules {
  readonly dispatcher: Dispatcher;
  readonly access: AccessControl;
  readonly logger: Logger;
}

/** Turns upgrade requests of an HTTP server into sessions, and ends them all. */
export class WebSocketEndpoint {
  readonly #access: AccessControl;
  readonly #context: SessionContext;
  readonly #server: Server<typeof SessionSocket>;
  readonly #lingering = new LingeringRequests();
  readonly #sockets: Quota;
  readonly #sessions = new Set<WebSocketSession>();
  #onEmpty: (() => void) | undefined;
  readonly #pings: NodeJS.Timeout;
  #stopping = false;

  constructor(options: { readonly limits: RpcLimits }, modules: EndpointModules) {
    const { limits } = options;
    const { access, ...shared } = modules;
    this.#access = access;
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
      maxPayload: limits.maxMessageBytes,
      // Token frames are too small to gain by it, and each socket would cost a deflate window.
      perMessageDeflate: false,
    });
    this.#pings = setInterval(() => {
      for (const session of this.#sessions) session.ping();
    }, limits.pingIntervalMs);
    this.#pings.unref();
  }

  /** To be called on the HTTP server's `upgrade`. */
  handleUpgrade(request: IncomingMessage, connection: Duplex, head: Buffer): void {
    const path = request.url?.split('?', 1)[0];
    const { origin } = request.headers;
    if (path !== WEBSOCKET_PATH) {
      refuse(connection, 'route_not_found', `The WebSocket is at ${WEBSOCKET_PATH}.`);
    } else if (origin !== undefined && !isLoopbackOrigin(origin)) {
      refuse(connection, 'origin_refused', 'Web pages of other machines may not use this node.');
    } else if (this.#stopping) {
      refuse(connection, 'not_ready', 'The node is stopping.');
    } else {
      this.#accept(request, connection, head);
    }
  }

  /** Ends what clients started, closes every socket with 1001; resolves when the last one is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#pings);
    this.#lingering.stop();
    if (this.#sessions.size === 0) return;
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    for (const session of this.#sessions) void session.leave(CLOSE_GOING_AWAY, 'The node is stopping.');
    await empty;
  }

  #accept(request: IncomingMessage, connection: Duplex, head: Buffer): void {
    const principal = this.#access.identify(request.headers);
    const limit = this.#sockets.take(principal.id);
    if (limit !== undefined) {
      refuse(connection, 'too_many_connections', `There are ${limit} WebSockets, the most at once.`);
      return;
    }
    const release = (): void => this.#sockets.giveBack(principal.id);
    connection.once('close', release);
    this.#server.handleUpgrade(request, connection, head, (socket) => {
      connection.removeListener('close', release);
      this.#sessions.add(new WebSocketSession(this.#context, { socket, connection, principal }));
    });
  }

  #onClosed(session: WebSocketSession): void {
    this.#sessions.delete(session);
    this.#sockets.giveBack(session.principal.id);
    if (this.#sessions.size === 0) this.#onEmpty?.();
  }
}

function refuse(connection: Duplex, code: CatalogueCode, message: string): void {
  const { status, headers, body } = toRefusal(catalogued(code, message));
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
