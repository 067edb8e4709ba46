import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AtomaError } from '../../core/index.js';
import { checkJsonDepth } from '../access/json-depth.js';
import { catalogued, isCatalogued } from '../error-catalogue.js';
import type { RpcLimits } from '../options.js';
import { completeChat } from './chat/handler.js';
import { completeText } from './completions/handler.js';
import { embed } from './embeddings.js';
import { invalidRequest, toOpenAiRefusal } from './errors.js';
import { Exchange } from './exchange.js';
import { queueHeaders, requestIdOf } from './headers.js';
import { getModel, listModels, requireModelAccess } from './models.js';
import type { OpenAiModules } from './modules.js';

/** Answers a request; undefined where it has written its answer itself. */
type Handler = (body: unknown, exchange: Exchange, modules: OpenAiModules) => Promise<object | undefined>;

/** OpenAI's API below `/v1`, with refusals in its own form: https://platform.openai.com/docs/api-reference */
export function addOpenAiRoutes(
  app: FastifyInstance,
  options: { readonly limits: OpenAiModules['limits'] },
  modules: Omit<OpenAiModules, 'limits'>,
): void {
  void app.register(
    (v1, _options, done) => {
      addPlugin(v1, { ...modules, ...options });
      done();
    },
    { prefix: '/v1' },
  );
}

function addPlugin(v1: FastifyInstance, modules: OpenAiModules): void {
  const exchanges = new WeakMap<FastifyRequest, Exchange>();
  addParser(v1, modules.limits);
  addRefusals(v1, modules);
  addHooks(v1, exchanges);
  const { node } = modules;
  const post = (path: string, handler: Handler): void => {
    v1.post(path, async (request, reply) => {
      const exchange = exchangeOf(request, exchanges);
      exchange.principal.require('generate');
      const answer = await handler(request.body, exchange, modules);
      return answer === undefined ? reply : send(reply, exchange, answer);
    });
  };
  post('/chat/completions', completeChat);
  post('/completions', completeText);
  post('/embeddings', embed);
  v1.get('/models', (request) => {
    requireModelAccess(exchangeOf(request, exchanges).principal);
    return listModels(node);
  });
  // Names of models have slashes in them.
  v1.get<{ Params: { '*': string } }>('/models/*', (request) => {
    requireModelAccess(exchangeOf(request, exchanges).principal);
    return getModel(node, request.params['*']);
  });
}

/** How the request is called is known before its body is read. */
function addHooks(v1: FastifyInstance, exchanges: WeakMap<FastifyRequest, Exchange>): void {
  v1.addHook('onRequest', (request, reply, next) => {
    const exchange = new Exchange(request, reply);
    exchanges.set(request, exchange);
    reply.header('x-request-id', exchange.requestId);
    next();
  });
  v1.addHook('onSend', (request, reply, payload, next) => {
    const exchange = exchanges.get(request);
    // The gate before all routes refuses what never became an exchange.
    if (exchange === undefined) reply.header('x-request-id', requestIdOf(request.headers));
    reply.header('openai-processing-ms', String(exchange?.elapsedMs() ?? 0));
    next(null, payload);
  });
}

function addParser(v1: FastifyInstance, { maxJsonDepth }: RpcLimits): void {
  v1.removeAllContentTypeParsers();
  v1.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parseJson(Buffer.from(body), maxJsonDepth));
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

/** @throws AtomaError `invalid_params`, and what {@link checkJsonDepth} throws */
function parseJson(bytes: Uint8Array, maxDepth: number): unknown {
  checkJsonDepth(bytes, maxDepth);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw invalidRequest('The body of the request is no JSON in UTF-8.', null, 'invalid_json');
  }
}

function addRefusals(v1: FastifyInstance, { logger }: OpenAiModules): void {
  v1.setNotFoundHandler((request, reply) => {
    const message = `Unknown request URL: ${request.method} ${request.url.slice(0, 80)}. This node serves /v1/chat/completions, /v1/completions, /v1/embeddings and /v1/models.`;
    refuse(reply, catalogued('route_not_found', message));
  });
  v1.setErrorHandler((error, request, reply) => {
    const known = ofHttp(error);
    if (!isCatalogued(known)) logger.error({ err: error, url: request.url }, 'an OpenAI request failed');
    refuse(reply, known);
  });
}

/** What fastify refuses before a handler sees it, by the catalogue. */
function ofHttp(error: unknown): unknown {
  if (error instanceof AtomaError || !(error instanceof Error)) return error;
  const status = 'statusCode' in error ? error.statusCode : undefined;
  if (status === 413) return catalogued('request_too_large', `The request is too large: ${error.message}.`);
  if (status === 415) return catalogued('unsupported_media_type', 'Send Content-Type: application/json.');
  const isRefusal = typeof status === 'number' && status >= 400 && status < 500;
  return isRefusal ? catalogued('bad_http_request', error.message) : error;
}

function exchangeOf(request: FastifyRequest, exchanges: WeakMap<FastifyRequest, Exchange>): Exchange {
  const exchange = exchanges.get(request);
  if (exchange === undefined) throw new Error('a request was routed past its hooks');
  return exchange;
}

function send(reply: FastifyReply, { queuePlace }: Exchange, answer: object): FastifyReply {
  if (queuePlace !== undefined) reply.headers(queueHeaders(queuePlace));
  return reply.send(answer);
}

function refuse(reply: FastifyReply, error: unknown): void {
  const { status, headers, body } = toOpenAiRefusal(error);
  void reply.code(status).headers(headers).send(body);
}
