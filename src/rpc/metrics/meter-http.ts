import type { FastifyInstance } from 'fastify';
import { Gauge } from 'prom-client';
import type { Api, RpcMeters } from './rpc-meters.js';

/** Requests for routes that the node does not have: a client can think of any number of them. */
const OTHER = 'other';
/** Where JSON-RPC is: its calls are counted one by one, unless the request does not get as far. */
const JSON_RPC_ROUTE = 'POST /';

/** Counts and times what is asked over HTTP; to be called before any route is added. */
export function meterHttp(app: FastifyInstance, meters: RpcMeters): void {
  app.addHook('onResponse', (request, reply, done) => {
    const path = request.routeOptions.url;
    const method = path === undefined ? OTHER : `${request.method} ${path}`;
    const isRefused = reply.statusCode >= 400;
    if (method !== JSON_RPC_ROUTE || isRefused) {
      const code = isRefused ? String(reply.statusCode) : 'ok';
      meters.answered({ api: apiOf(path), method, code, seconds: reply.elapsedTime / 1000 });
    }
    done();
  });
  showLag(app, meters);
}

function apiOf(path: string | undefined): Api {
  if (path === '/') return 'jsonrpc';
  return path?.startsWith('/v1/') ? 'openai' : 'http';
}

/** How far those are behind who read an answer over HTTP: server-sent events, or one that is long. */
function showLag(app: FastifyInstance, { registry }: RpcMeters): void {
  const answers = new Set<{ readonly writableLength: number }>();
  app.addHook('onRequest', (_request, reply, done) => {
    const { raw } = reply;
    answers.add(raw);
    raw.once('close', () => answers.delete(raw));
    done();
  });
  const gauge = (name: string, help: string, read: () => number): void => {
    const shown: Gauge = new Gauge({ name, help, registers: [registry], collect: () => shown.set(read()) });
  };
  const buffered = (): number[] => [...answers].map(({ writableLength }) => writableLength);
  gauge(
    'atoma_http_answers',
    'Answers over HTTP that are being made or sent, streams and the scrape itself among them.',
    () => answers.size,
  );
  gauge(
    'atoma_http_buffered_bytes',
    'Bytes that wait in this process for the readers of answers over HTTP, all together.',
    () => buffered().reduce((sum, bytes) => sum + bytes, 0),
  );
  gauge(
    'atoma_http_buffered_bytes_max',
    'Bytes that wait for that reader of an answer over HTTP who is the furthest behind.',
    () => buffered().reduce((most, bytes) => Math.max(most, bytes), 0),
  );
}
