import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Identity, Principal } from '../access/principal.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** See {@link callerOf}. */
    caller: Identity | undefined;
  }
}

/** Lets requests carry who makes them. */
export function addCaller(app: FastifyInstance): void {
  app.decorateRequest('caller', undefined);
}

/** Who makes a request that the gate has let in: found out once, whoever asks. */
export function callerOf({ caller }: FastifyRequest): Principal {
  if (caller === undefined) throw new Error('a request came past the gate');
  return caller;
}
