import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { type CatalogueCode, catalogued, isCatalogued } from '../error-catalogue.js';
import { CallScope } from '../json-rpc/call-scope.js';
import type { Dispatcher } from '../json-rpc/dispatcher.js';
import { NodeMetrics } from '../metrics/node-metrics.js';
import type { NodeApi } from '../node-api.js';
import type { RpcLimits } from '../options.js';
import { WEBSOCKET_PATH } from '../websocket/endpoint.js';
import { callerOf } from './caller.js';
import { toRefusal } from './refusal.js';

/** Where Prometheus looks unless told otherwise. */
const METRICS_PATH = '/metrics';

const JSON_TYPE = 'application/json; charset=utf-8';

interface RouteModules {
  readonly node: NodeApi;
  readonly dispatcher: Dispatcher;
  readonly logger: Logger;
  /** The calls of every HTTP request that is being answered. */
  readonly scopes: Set<CallScope>;
  /** What `/metrics` shows beside what it reads from the node. */
  readonly registries: readonly Registry[];
}

/** Everything that plain HTTP serves. Refusals have the form of a JSON-RPC error too. */
export function addRoutes(
  app: FastifyInstance,
  options: { readonly limits: RpcLimits },
  modules: RouteModules,
): void {
  addJsonRpc(app, options.limits, modules);
  addHealth(app, modules.node);
  addMetrics(app, modules);
  addRefusals(app, modules.logger);
  app.get('/', () => ({
    name: 'atoma-node',
    json_rpc: 'POST /',
    websocket: WEBSOCKET_PATH,
    methods: modules.dispatcher.methodNames,
    health: ['/healthz', '/readyz'],
    metrics: METRICS_PATH,
  }));
}

function addJsonRpc(app: FastifyInstance, limits: RpcLimits, { dispatcher, scopes }: RouteModules): void {
  app.removeAllContentTypeParsers();
  // Parsed by the dispatcher: what is no JSON is answered as JSON-RPC wants it.
  app.addContentTypeParser(
    ['application/json', 'application/json-rpc'],
    { parseAs: 'buffer' },
    (_request, body, done) => done(null, body),
  );
  app.post('/', async (request, reply) => {
    const scope = new CallScope({ maxCalls: limits.maxConcurrentCalls });
    scopes.add(scope);
    reply.raw.once('close', () => {
      scopes.delete(scope);
      if (!reply.raw.writableFinished) scope.end('The client closed its connection.');
    });
    const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
    const principal = callerOf(request);
    const answer = await dispatcher.handle(body, { scope, streams: undefined, principal });
    if (answer === undefined) return reply.code(204).send();
    return reply.type(JSON_TYPE).send(answer);
  });
}

function addHealth(app: FastifyInstance, node: NodeApi): void {
  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', (_request, reply) => {
    const { ready, reasons, warnings } = node.readiness();
    return reply.code(ready ? 200 : 503).send({ ready, reasons, warnings });
  });
}

function addMetrics(app: FastifyInstance, { node, registries }: RouteModules): void {
  const metrics = new NodeMetrics({ node, registries });
  app.get(METRICS_PATH, async (request, reply) => {
    callerOf(request).require('read');
    const text = await metrics.scrape();
    return reply.type(metrics.contentType).send(text);
  });
}

function addRefusals(app: FastifyInstance, logger: Logger): void {
  app.setNotFoundHandler((request, reply) => {
    refuse(
      reply,
      'route_not_found',
      `${request.method} ${request.url.slice(0, 80)} is not served here: JSON-RPC is at POST /, its WebSocket at ${WEBSOCKET_PATH}.`,
    );
  });
  app.setErrorHandler<{ readonly statusCode?: number; readonly message: string }>(
    (error, _request, reply) => {
      const { statusCode = 500 } = error;
      if (isCatalogued(error)) send(reply, error);
      else if (statusCode === 413)
        refuse(reply, 'request_too_large', `The request is too large: ${error.message}.`);
      else if (statusCode === 415)
        refuse(reply, 'unsupported_media_type', 'Send Content-Type: application/json.');
      else if (statusCode < 500) refuse(reply, 'bad_http_request', error.message);
      else {
        logger.error({ err: error }, 'an HTTP request failed');
        send(reply, error);
      }
    },
  );
}

function refuse(reply: FastifyReply, code: CatalogueCode, message: string): void {
  send(reply, catalogued(code, message));
}

function send(reply: FastifyReply, error: unknown): void {
  const { status, headers, body } = toRefusal(error);
  void reply.code(status).headers(headers).send(body);
}
