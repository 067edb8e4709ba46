import { AtomaError, messageOf } from '../core/index.js';

/** Where a server is to listen. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Why a server cannot listen: `port_in_use` or `listen_failed`. */
export function listenError(error: unknown, { host, port }: ListenAddress): AtomaError {
  const fields = { host, port, key: 'jrpc_port' };
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    const message = `Port ${host}:${port} is in use by another process: stop that one, or set jrpc_port to a free port.`;
    return new AtomaError('port_in_use', message, { fields, cause: error });
  }
  const message = `The RPC server cannot listen on ${host}:${port} (${messageOf(error)}): check rpc.host and jrpc_port.`;
  return new AtomaError('listen_failed', message, { fields, cause: error });
}
