import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { WebSocketServer } from 'ws';
import type { AccessControl } from '../access/access-control.js';
import { chooseSubprotocol } from '../access/bearer.js';
import type { Identity } from '../access/principal.js';
import { catalogued } from '../error-catalogue.js';
import { checkSource, type GateOptions, logRefusal } from '../http/gate.js';
import { toRefusal } from '../http/refusal.js';
import type { Dispatcher } from '../json-rpc/dispatcher.js';
import type { RpcLimits } from '../options.js';
import { FrameEncoder } from './frame-encoder.js';
import { WebSocketSession } from './session.js';

export const WEBSOCKET_PATH = '/ws';

/** RFC 6455, 7.4.1: the endpoint is going away. */
const CLOSE_GOING_AWAY = 1001;
/** RFC 6455, 7.4.1: what the client does goes against a policy. */
const CLOSE_POLICY_VIOLATION = 1008;
/** A full node is asked again by clients after so long. */
const FULL_RETRY_MS = 5_000;

interface EndpointOptions {
  readonly limits: RpcLimits;
  readonly gate: GateOptions;
}

interface EndpointModules {
  readonly dispatcher: Dispatcher;
  readonly access: AccessControl;
  readonly logger: Logger;
}

/** Turns upgrade requests of an HTTP server into sessions, and ends them all. */
export class WebSocketEndpoint {
  readonly #limits: RpcLimits;
  readonly #gate: GateOptions;
  readonly #modules: EndpointModules;
  readonly #server: WebSocketServer;
  readonly #encoder = new FrameEncoder();
  readonly #sessions = new Set<WebSocketSession>();
  readonly #pings: NodeJS.Timeout;
  #stopping = false;

  constructor(options: EndpointOptions, modules: EndpointModules) {
    this.#limits = options.limits;
    this.#gate = options.gate;
    this.#modules = modules;
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      handleProtocols: chooseSubprotocol,
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
    let identity: Identity;
    try {
      identity = this.#admit(request);
    } catch (error) {
      refuse(connection, error);
      return;
    }
    this.#server.handleUpgrade(request, connection, head, (socket) => {
      const { access, ...shared } = this.#modules;
      const modules = { socket, connection, encoder: this.#encoder, principal: identity, ...shared };
      const session = new WebSocketSession({ limits: this.#limits }, modules);
      this.#sessions.add(session);
      const unwatch = access.watch(identity, (reason) => void session.leave(CLOSE_POLICY_VIOLATION, reason));
      void session.closed.then(() => {
        this.#sessions.delete(session);
        unwatch();
      });
    });
  }

  /** @throws AtomaError why a client gets no WebSocket. */
  #admit(request: IncomingMessage): Identity {
    const path = request.url?.split('?', 1)[0];
    checkSource(request, this.#gate);
    if (path !== WEBSOCKET_PATH)
      throw catalogued('route_not_found', `The WebSocket is at ${WEBSOCKET_PATH}.`);
    if (this.#stopping) throw catalogued('not_ready', 'The node is stopping.');
    const limit = this.#limits.maxWebSockets;
    if (this.#sessions.size >= limit) {
      const fields = { limit, retryAfterMs: FULL_RETRY_MS };
      throw catalogued('busy', `The node has ${limit} WebSockets open, the most that it takes.`, fields);
    }
    return this.#authenticate(request);
  }

  #authenticate({ headers, socket }: IncomingMessage): Identity {
    const { access, logger } = this.#modules;
    const address = socket.remoteAddress;
    try {
      return access.authenticate(headers, address);
    } catch (error) {
      logRefusal(logger, { method: 'GET', path: WEBSOCKET_PATH, address, error });
      throw error;
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
