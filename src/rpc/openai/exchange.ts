import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AccessControl } from '../access/access-control.js';
import type { Principal } from '../access/principal.js';
import { CallScope } from '../json-rpc/call-scope.js';
import type { QueuePlace } from '../node-api.js';
import type { RpcLimits } from '../options.js';
import { requestIdOf } from './headers.js';

/** One request of HTTP below `/v1` and its answer, while they last. */
export class Exchange {
  /** Of the request, under which its tokens can be read over WebSocket, too. */
  readonly requestId: string;
  readonly reply: FastifyReply;
  readonly startedAt = performance.now();
  /** Where it had to wait for its turn. */
  queuePlace: QueuePlace | undefined;
  #principal: Principal | undefined;

  constructor(request: FastifyRequest, reply: FastifyReply) {
    this.requestId = requestIdOf(request.headers);
    this.reply = reply;
  }

  /** Who makes it; known once {@link Exchange.identify} was called. */
  get principal(): Principal {
    if (this.#principal === undefined)
      throw new Error('an exchange has no principal before it is identified');
    return this.#principal;
  }

  /** @throws AtomaError `unauthorized` */
  identify(request: FastifyRequest, access: AccessControl): void {
    this.#principal = access.identify(request.headers, request.raw.socket.remoteAddress);
  }

  /** A scope for its generations, which end with the connection of the client. */
  openScope(limits: RpcLimits, scopes: Set<CallScope>): CallScope {
    const { raw } = this.reply;
    const scope = new CallScope({ maxCalls: limits.maxConcurrentCalls });
    scopes.add(scope);
    raw.once('close', () => {
      scopes.delete(scope);
      if (!raw.writableFinished) scope.end('The client closed its connection.');
    });
    return scope;
  }

  /** Since the request came, whole ms. */
  elapsedMs(): number {
    return Math.round(performance.now() - this.startedAt);
  }
}
