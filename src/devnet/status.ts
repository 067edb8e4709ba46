import { status } from '@grpc/grpc-js';
import { AtomaError } from '../core/index.js';

/** An answer to a client that is an error: a gRPC status and a sentence. */
export class RpcFailure extends AtomaError {
  readonly status: status;

  constructor(code: status, message: string) {
    super(`grpc_${(status[code] ?? 'unknown').toLowerCase()}`, message);
    this.status = code;
  }
}

export function notFound(what: string): RpcFailure {
  return new RpcFailure(status.NOT_FOUND, what);
}

export function invalidArgument(what: string): RpcFailure {
  return new RpcFailure(status.INVALID_ARGUMENT, what);
}
