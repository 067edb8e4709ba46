import { type FastifyInstance, fastify } from 'fastify';
import type { Logger } from 'pino';
import type { CallObserver } from '../core/index.js';
import { AccessControl } from './access/access-control.js';
import { observeRequests } from './http/observe-requests.js';
import { addRoutes } from './http/routes.js';
import type { CallScope } from './json-rpc/call-scope.js';
import { Dispatcher } from './json-rpc/dispatcher.js';
import { observeMethods } from './json-rpc/observe-methods.js';
import { listenError } from './listen-error.js';
import { createMethods } from './methods/index.js';
import type { NodeApi } from './node-api.js';
import { addOpenAiRoutes } from './openai/routes.js';
import { DEFAULT_LIMITS, type RpcLimits, type RpcServerOptions } from './options.js';
import { WebSocketEndpoint } from './websocket/endpoint.js';

interface ServerParts {
  readonly app: FastifyInstance;
  readonly webSockets: WebSocketEndpoint;
  readonly scopes: Set<CallScope>;
  readonly stopGraceMs: number;
}

/** JSON-RPC 2.0 over HTTP and WebSocket, and the health checks, on one port. */
export class RpcServer {
  /** Where clients reach it from this machine, such as `http://127.0.0.1:3000`. */
  readonly url: string;
  readonly port: number;
  readonly #parts: ServerParts;
  #stopped: Promise<void> | undefined;

  private constructor(options: { readonly host: string; readonly port: number }, parts: ServerParts) {
    this.port = options.port;
    this.url = `http://${reachable(options.host)}:${options.port}`;
    this.#parts = parts;
  }

  /**
   * Listens, and serves the node.
   * @throws AtomaError `port_in_use`, `listen_failed`.
   */
  static async start(
    options: RpcServerOptions,
    modules: {
      readonly node: NodeApi;
      readonly logger: Logger;
      readonly calls?: CallObserver | undefined;
    },
  ): Promise<RpcServer> {
    const limits: RpcLimits = { ...DEFAULT_LIMITS, ...options.limits };
    const { node, logger, calls } = modules;
    const dispatcher = new Dispatcher(limits, {
      methods: observeMethods(createMethods(node), calls),
      logger,
    });
    const access = new AccessControl({ adminToken: options.adminToken });
    const webSockets = new WebSocketEndpoint({ limits }, { dispatcher, access, logger, calls });
    const scopes = new Set<CallScope>();
    const app = createApp(limits);
    observeRequests(app, calls);
    addRoutes(app, { limits }, { node, dispatcher, access, logger, scopes });
    addOpenAiRoutes(app, { limits }, { node, access, logger, scopes });
    app.server.on('upgrade', (request, connection, head) => {
      webSockets.handleUpgrade(request, connection, head);
    });
    try {
      await app.listen({ host: options.host, port: options.port });
    } catch (error) {
      await Promise.all([webSockets.stop(), app.close()]);
      throw listenError(error, options);
    }
    const address = app.server.address();
    const port = typeof address === 'object' && address !== null ? address.port : options.port;
    const parts = { app, webSockets, scopes, stopGraceMs: limits.stopGraceMs };
    return new RpcServer({ host: options.host, port }, parts);
  }

  /** Stops listening, cancels what runs, closes every connection; resolves when all are gone. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    const { app, webSockets, scopes, stopGraceMs } = this.#parts;
    for (const scope of scopes) scope.end('The node is stopping.');
    const cutOff = setTimeout(() => app.server.closeAllConnections(), stopGraceMs);
    try {
      await Promise.all([webSockets.stop(), app.close()]);
    } finally {
      clearTimeout(cutOff);
    }
  }
}

function createApp(limits: RpcLimits): FastifyInstance {
  return fastify({
    logger: false,
    bodyLimit: limits.maxMessageBytes,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    http: { headersTimeout: limits.headersTimeoutMs },
  });
}

/** The host part of a URL that reaches a server listening on `host`. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
