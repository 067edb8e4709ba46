import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { CallObserver, HttpEnd, ObservedCall } from '../../core/index.js';

/** Asked for again and again by machines that watch the node; nobody looks for them in traces. */
const UNOBSERVED: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

/** Tells of each HTTP request but probes and scrapes; what its handlers begin belongs to it. */
export function observeRequests(app: FastifyInstance, observer: CallObserver | undefined): void {
  if (observer === undefined) return;
  const calls = new WeakMap<FastifyRequest, ObservedCall<HttpEnd>>();
  app.addHook('onRequest', (request, reply, next) => {
    const { url: route } = request.routeOptions;
    if (route !== undefined && UNOBSERVED.has(route)) return next();
    const call = observer.onHttp({ ...factsOf(request), route });
    calls.set(request, call);
    // Also for a client that leaves, and for a stream that a handler writes by itself.
    reply.raw.once('close', () => {
      call.end({ status: reply.raw.writableFinished ? reply.raw.statusCode : undefined });
    });
    call.run(next);
  });
  // The body is read by the connection, to which the request does not belong: what follows comes back to it.
  app.addHook('preValidation', (request, _reply, next) => {
    const call = calls.get(request);
    if (call === undefined) next();
    else call.run(next);
  });
}

function factsOf({ method, url, ip, headers }: FastifyRequest) {
  return { method, path: url.replace(/\?.*$/s, ''), clientAddress: ip, headers };
}
