import type { IncomingMessage } from 'node:http';
import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { AtomaError } from '../../core/index.js';
import type { AccessControl } from '../access/access-control.js';
import { isOwnHost } from '../access/hosts.js';
import { catalogued } from '../error-catalogue.js';
import { addCaller } from './caller.js';
import { isAllowedOrigin } from './origin.js';

/** What every request has to pass before a route sees it. */
export interface GateOptions {
  readonly host: string;
  readonly allowedHosts: readonly string[];
  readonly corsOrigins: readonly string[];
  readonly maxHeaders: number;
}

/** What load balancers and supervisors ask, which have no keys. */
const OPEN_PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

/** How long a browser may keep the answer of a preflight, seconds: ten minutes, as much as all of them accept. */
const PREFLIGHT_SECONDS = 600;

/** What pages may read of an answer besides its body. */
const EXPOSED_HEADERS = ['retry-after', 'x-request-id', 'x-queue-position', 'x-expected-wait-ms'];

/**
 * Refuses what comes under a foreign name or from a foreign page.
 * @throws AtomaError `host_refused`, `origin_refused`, `request_too_large`
 */
export function checkSource({ headers, rawHeaders }: IncomingMessage, options: GateOptions): void {
  // Of each header its name and its value. Node would leave away those beyond a limit, and go on with the rest.
  if (rawHeaders.length / 2 > options.maxHeaders) {
    throw catalogued(
      'request_too_large',
      `The request has more than ${options.maxHeaders} headers, the most that are allowed.`,
      { limit: options.maxHeaders },
    );
  }
  if (!isOwnHost(headers.host, options)) {
    throw catalogued(
      'host_refused',
      'This node does not go by the name in the Host header: the operator lists the names that it does go by in rpc.allowed_hosts.',
    );
  }
  if (!isAllowedOrigin(headers.origin, options.corsOrigins)) {
    throw catalogued(
      'origin_refused',
      'Web pages of other machines may not use this node: the operator lists those that may in rpc.cors_origins.',
    );
  }
}

/** Adds what stands before all routes: to be called before they are added. */
export async function addGate(
  app: FastifyInstance,
  options: GateOptions,
  { access, logger }: { readonly access: AccessControl; readonly logger: Logger },
): Promise<void> {
  addCaller(app);
  app.addHook('onRequest', async (request) => checkSource(request.raw, options));
  if (options.corsOrigins.length > 0) {
    await app.register(cors, {
      origin: [...options.corsOrigins],
      methods: ['GET', 'POST'],
      exposedHeaders: EXPOSED_HEADERS,
      maxAge: PREFLIGHT_SECONDS,
    });
  }
  addChallenge(app);
  app.addHook('onRequest', async (request) => {
    const path = pathOf(request.raw.url);
    if (OPEN_PATHS.has(path)) return;
    try {
      request.caller = access.authenticate(request.headers, request.raw.socket.remoteAddress);
    } catch (error) {
      logRefusal(logger, { method: request.method, path, address: request.raw.socket.remoteAddress, error });
      throw error;
    }
  });
}

/** RFC 9110, 11.6.1: an answer that asks for credentials says which, in whatever form its body is. */
function addChallenge(app: FastifyInstance): void {
  app.addHook('onSend', async (_request, reply) => {
    if (reply.statusCode === 401) reply.header('www-authenticate', 'Bearer');
  });
}

/** An audit line of somebody who was not let in. */
export function logRefusal(
  logger: Logger,
  refused: {
    readonly method: string;
    readonly path: string;
    readonly address: string | undefined;
    readonly error: unknown;
  },
): void {
  const { method, path, address, error } = refused;
  const outcome = error instanceof AtomaError ? error.code : 'internal';
  logger.info({ audit: true, address, method: `${method} ${path.slice(0, 80)}`, outcome }, 'call refused');
}

function pathOf(url: string | undefined): string {
  return (url ?? '').split('?', 1)[0] ?? '';
}
