import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { WebSocketServer } from 'ws';
import type { CallObserver } from '../../core/index.js';
import type { AccessControl } from '../access/access-control.js';
import { type CatalogueCode, catalogued } from '../error-catalogue.js';
import { isLoopbackOrigin } from '../http/origin.js';
import { toRefusal } from '../http/refusal.js';
import type { Dispatcher } from '../json-rpc/dispatcher.js';
import type { RpcLimits } from '../options.js';
import { FrameEncoder } from './frame-encoder.js';
import { observeUpgrade } from './observe-upgrade.js';
import { WebSocketSession } from './session.js';

export const WEBSOCKET_PATH = '/ws';

/** RFC 6455, 7.4.1: the endpoint is going away. */
const CLOSE_GOING_AWAY = 1001;

interface EndpointModules {
  readonly dispatcher: Dispatcher;
  readonly access: AccessControl;
  readonly logger: Logger;
  readonly calls?: CallObserver | undefined;
}

/** Turns upgrade requests of an HTTP server into sessions, and ends them all. */
export class WebSocketEndpoint {
  readonly #limits: RpcLimits;
  readonly #modules: EndpointModules;
  readonly #server: WebSocketServer;
  readonly #encoder = new FrameEncoder();
  readonly #sessions = new Set<WebSocketSession>();
  readonly #pings: NodeJS.Timeout;
  #stopping = false;

  constructor(options: { readonly limits: RpcLimits }, modules: EndpointModules) {
    this.#limits = options.limits;
    this.#modules = modules;
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: options.limits.maxMessageBytes,
      // Token frames are too small to gain by it, and each socket would cost a deflate window.
      perMessageDeflate: false,
    });
    this.#pings = setInterval(() => {
      for (const session of this.#sessions) session.ping();
    }, options.limits.pingIntervalMs);
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
      this.#server.handleUpgrade(request, connection, head, (socket) => {
        const { access, calls, ...shared } = this.#modules;
        const within = observeUpgrade(request, calls);
        const principal = access.identify(request.headers);
        const modules = { socket, connection, encoder: this.#encoder, principal, within, ...shared };
        const session = new WebSocketSession({ limits: this.#limits }, modules);
        this.#sessions.add(session);
        void session.closed.then(() => this.#sessions.delete(session));
      });
    }
  }

  /** Ends what clients started, closes every socket with 1001; resolves when the last one is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#pings);
    const sessions = [...this.#sessions];
    for (const session of sessions) void session.leave(CLOSE_GOING_AWAY, 'The node is stopping.');
    await Promise.all(sessions.map((session) => session.closed));
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
