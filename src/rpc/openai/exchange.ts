import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '../access/principal.js';
import { callerOf } from '../http/caller.js';
import { CallScope } from '../json-rpc/call-scope.js';
import type { QueuePlace } from '../node-api.js';
import type { RpcLimits } from '../options.js';
import { requestIdOf } from './headers.js';

/** One request of HTTP below `/v1` and its answer, while they last. */
export class Exchange {
  /** Of the request, under which its tokens can be read over WebSocket, too. */
  readonly requestId: string;
  readonly reply: FastifyReply;
  /** Who makes it. */
  readonly principal: Principal;
  readonly startedAt = performance.now();
  /** Where it had to wait for its turn. */
  queuePlace: QueuePlace | undefined;

  constructor(request: FastifyRequest, reply: FastifyReply) {
    this.requestId = requestIdOf(request.headers);
    this.reply = reply;
    this.principal = callerOf(request);
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
