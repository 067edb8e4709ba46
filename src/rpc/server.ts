import { Server as SecureServer } from 'node:https';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { CallObserver } from '../core/index.js';
import { AccessControl } from './access/access-control.js';
import { createApp } from './http/app.js';
import { addGate, type GateOptions } from './http/gate.js';
import { observeRequests } from './http/observe-requests.js';
import { addRoutes } from './http/routes.js';
import type { CallScope } from './json-rpc/call-scope.js';
import { Dispatcher } from './json-rpc/dispatcher.js';
import type { Method } from './json-rpc/method.js';
import { observeMethods } from './json-rpc/observe-methods.js';
import { listenError } from './listen-error.js';
import { createMethods } from './methods/index.js';
import { CallMeter } from './metrics/call-meter.js';
import { meterHttp } from './metrics/meter-http.js';
import { RpcMeters } from './metrics/rpc-meters.js';
import { showWebSockets } from './metrics/websocket-gauges.js';
import type { NodeApi } from './node-api.js';
import { addOpenAiRoutes } from './openai/routes.js';
import { DEFAULT_LIMITS, type RpcLimits, type RpcServerOptions } from './options.js';
import { isExposed, readCertificate } from './tls/certificate.js';
import { followCertificate } from './tls/follow-certificate.js';
import { WebSocketEndpoint } from './websocket/endpoint.js';

interface ServerModules {
  readonly node: NodeApi;
  /** Told of what clients ask. */
  readonly calls?: CallObserver | undefined;
  /** What others count; shown at `/metrics` beside what is read from the node. */
  readonly metrics?: Registry;
  readonly logger: Logger;
  /** Default: those of the node. */
  readonly methods?: readonly Method[];
}

interface ServerParts {
  readonly app: FastifyInstance;
  readonly webSockets: WebSocketEndpoint;
  readonly access: AccessControl;
  /** Ends what follows the certificate. */
  readonly unfollow: () => void;
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

  private constructor(options: { readonly url: string; readonly port: number }, parts: ServerParts) {
    this.port = options.port;
    this.url = options.url;
    this.#parts = parts;
  }

  /**
   * Listens, and serves the node.
   * @throws AtomaError `port_in_use`, `listen_failed`; `insecure_bind` where it would be open to other machines;
   * `keys_file_unreadable`, `keys_file_invalid`, `keys_file_exposed`; `tls_unreadable`, `tls_invalid`.
   */
  static async start(options: RpcServerOptions, modules: ServerModules): Promise<RpcServer> {
    const limits: RpcLimits = { ...DEFAULT_LIMITS, ...options.limits };
    const { logger } = modules;
    const certificate = options.tls && (await readCertificate(options.tls));
    const meters = new RpcMeters();
    const onRefused = (code: string): void => meters.refused(code);
    const access = await AccessControl.open({ ...options, ...limits }, { logger, onRefused });
    const parts = await createParts(options, limits, {
      ...modules,
      access,
      meters,
      app: createApp(limits, certificate),
    });
    try {
      await parts.app.listen({ host: options.host, port: options.port });
    } catch (error) {
      parts.unfollow();
      access.stop();
      await Promise.all([parts.webSockets.stop(), parts.app.close()]);
      throw listenError(error, options);
    }
    return new RpcServer({ url: urlOf(parts.app, options), port: portOf(parts.app, options) }, parts);
  }

  /** Stops listening, cancels what runs, closes every connection; resolves when all are gone. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    const { app, access, webSockets, scopes, stopGraceMs, unfollow } = this.#parts;
    unfollow();
    access.stop();
    for (const scope of scopes) scope.end('The node is stopping.');
    const cutOff = setTimeout(() => app.server.closeAllConnections(), stopGraceMs);
    try {
      await Promise.all([webSockets.stop(), app.close()]);
    } finally {
      clearTimeout(cutOff);
    }
  }
}

async function createParts(
  options: RpcServerOptions,
  limits: RpcLimits,
  modules: ServerModules & {
    readonly access: AccessControl;
    readonly app: FastifyInstance;
    readonly meters: RpcMeters;
  },
): Promise<ServerParts> {
  const { node, calls, logger, access, app, meters, metrics } = modules;
  const gate: GateOptions = {
    host: options.host,
    allowedHosts: options.allowedHosts ?? [],
    corsOrigins: options.corsOrigins ?? [],
    maxHeaders: limits.maxHeaders,
  };
  const own = modules.methods ?? createMethods(node, () => urlOf(app, options));
  const methods = observeMethods(own, calls);
  const dispatcher = new Dispatcher(limits, { methods, logger, meter: new CallMeter({ meters }) });
  const webSockets = new WebSocketEndpoint({ limits, gate }, { dispatcher, access, calls, meters, logger });
  showWebSockets(meters, () => webSockets.usage());
  const scopes = new Set<CallScope>();
  const registries = metrics === undefined ? [meters.registry] : [metrics, meters.registry];
  meterHttp(app, meters);
  observeRequests(app, calls);
  await addGate(app, gate, { access, logger });
  addRoutes(app, { limits }, { node, dispatcher, logger, scopes, registries });
  addOpenAiRoutes(app, { limits }, { node, logger, scopes });
  app.server.on('upgrade', (request, connection, head) => {
    webSockets.handleUpgrade(request, connection, head);
  });
  const unfollow = await followTls(app, options.tls, logger);
  return { app, access, webSockets, scopes, stopGraceMs: limits.stopGraceMs, unfollow };
}

async function followTls(
  app: FastifyInstance,
  files: RpcServerOptions['tls'],
  logger: Logger,
): Promise<() => void> {
  const { server } = app;
  if (files === undefined || !(server instanceof SecureServer)) return () => undefined;
  if (await isExposed(files)) {
    const { keyFile } = files;
    logger.warn({ keyFile }, `other users of this machine can read the TLS key: chmod 600 ${keyFile}`);
  }
  return followCertificate(server, files, logger);
}

/** Where it listens; before that, where it is told to. */
function portOf(app: FastifyInstance, { port }: RpcServerOptions): number {
  const address = app.server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

function urlOf(app: FastifyInstance, options: RpcServerOptions): string {
  return `${options.tls ? 'https' : 'http'}://${reachable(options.host)}:${portOf(app, options)}`;
}

/** The host part of a URL that reaches a server listening on `host`. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
