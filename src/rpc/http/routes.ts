import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { type CatalogueCode, catalogued, ERROR_CATALOGUE, toRpcError } from '../error-catalogue.js';
import { CallScope } from '../json-rpc/call-scope.js';
import type { Dispatcher } from '../json-rpc/dispatcher.js';
import { errorResponse } from '../json-rpc/message.js';
import type { NodeApi } from '../node-api.js';
import type { RpcLimits } from '../options.js';
import { WEBSOCKET_PATH } from '../websocket/endpoint.js';
import { isLoopbackOrigin } from './origin.js';

const JSON_TYPE = 'application/json; charset=utf-8';

interface RouteModules {
  readonly node: NodeApi;
  readonly dispatcher: Dispatcher;
  readonly logger: Logger;
  /** The calls of every HTTP request that is being answered. */
  readonly scopes: Set<CallScope>;
}

/** Everything that plain HTTP serves. Refusals have the form of a JSON-RPC error too. */
export function addRoutes(
  app: FastifyInstance,
  options: { readonly limits: RpcLimits },
  modules: RouteModules,
): void {
  app.addHook('onRequest', (request, reply, next) => {
    const { origin } = request.headers;
    if (origin === undefined || isLoopbackOrigin(origin)) next();
    else refuse(reply, 'origin_refused', 'Web pages of other machines may not use this node.');
  });
  addJsonRpc(app, options.limits, modules);
  addHealth(app, modules.node);
  addRefusals(app, modules.logger);
  app.get('/', () => ({
    name: 'atoma-node',
    json_rpc: 'POST /',
    websocket: WEBSOCKET_PATH,
    methods: modules.dispatcher.methodNames,
    health: ['/healthz', '/readyz'],
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
    const answer = await dispatcher.handle(body, { scope, streams: undefined });
    if (answer === undefined) return reply.code(204).send();
    return reply.type(JSON_TYPE).send(answer);
  });
}

function addHealth(app: FastifyInstance, node: NodeApi): void {
  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', (_request, reply) => {
    const { ready, reasons } = node.readiness();
    return reply.code(ready ? 200 : 503).send({ ready, reasons });
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
      if (statusCode === 413)
        refuse(reply, 'request_too_large', `The request is too large: ${error.message}.`);
      else if (statusCode === 415)
        refuse(reply, 'unsupported_media_type', 'Send Content-Type: application/json.');
      else if (statusCode < 500) refuse(reply, 'bad_http_request', error.message);
      else {
        logger.error({ err: error }, 'an HTTP request failed');
        void reply
          .code(500)
          .type(JSON_TYPE)
          .send(errorResponse(null, toRpcError(error)));
      }
    },
  );
}

function refuse(reply: FastifyReply, code: CatalogueCode, message: string): void {
  const body = errorResponse(null, toRpcError(catalogued(code, message)));
  void reply.code(ERROR_CATALOGUE[code].http).type(JSON_TYPE).send(body);
}
