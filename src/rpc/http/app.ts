import { createServer } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import { type FastifyInstance, type FastifyServerOptions, fastify } from 'fastify';
import type { RpcLimits } from '../options.js';

/** The HTTP server, without routes; over TLS where there is a certificate. */
export function createApp(limits: RpcLimits, certificate: SecureContextOptions | undefined): FastifyInstance {
  const http = { headersTimeout: limits.headersTimeoutMs, maxHeaderSize: limits.maxHeaderBytes };
  const app = fastify({
    logger: false,
    bodyLimit: limits.maxMessageBytes,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    http,
    ...(certificate && { serverFactory: secureServer(limits, { ...certificate, ...http }) }),
  });
  app.server.maxConnections = limits.maxConnections;
  return app;
}

/** Fastify's own way to TLS gives its app another type, and sets the same times. */
function secureServer(
  limits: RpcLimits,
  options: NonNullable<Parameters<typeof createServer>[0]>,
): NonNullable<FastifyServerOptions['serverFactory']> {
  return (handler) => {
    const server = createServer({ ...options, handshakeTimeout: limits.headersTimeoutMs }, handler);
    server.requestTimeout = limits.requestTimeoutMs;
    server.keepAliveTimeout = limits.keepAliveTimeoutMs;
    return server;
  };
}
