import { RpcError } from '@mysten/sui/grpc';
import { AtomaError, messageOf } from '../../core/index.js';

/** gRPC codes after which the same request may succeed later. ABORTED is not here: it may be a verdict. */
const TRANSIENT = new Set([
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'RESOURCE_EXHAUSTED',
  'CANCELLED',
  'INTERNAL',
  'UNKNOWN',
  'DATA_LOSS',
]);

/** The gRPC status code name of an error, or of the error that caused it. */
export function rpcCode(error: unknown): string | undefined {
  if (error instanceof RpcError) return error.code;
  return error instanceof Error && error.cause !== undefined ? rpcCode(error.cause) : undefined;
}

/** Whether the endpoint failed to answer, as opposed to having answered no. */
export function isTransient(error: unknown): boolean {
  const code = rpcCode(error);
  return code !== undefined && TRANSIENT.has(code);
}

/** One line for logs: code and text. */
export function describeError(error: unknown): string {
  const code = rpcCode(error);
  return code === undefined ? messageOf(error) : `${code}: ${messageOf(error)}`;
}

/** What a failed call to the endpoint at `url` is to the rest of the node. */
export function chainUnavailable(
  url: string,
  doing: string,
  cause: unknown,
  fields: Readonly<Record<string, unknown>> = {},
): AtomaError {
  return new AtomaError(
    'chain_unavailable',
    `the chain's endpoint ${url} did not answer while ${doing} (${describeError(cause)}); check that it is reachable and speaks Sui's gRPC API`,
    { cause, fields: { url, ...fields } },
  );
}

/**
 * Asks the endpoint at `url` for something.
 * @throws AtomaError what `call` throws as one, and `chain_unavailable` for everything else
 */
export async function asking<T>(url: string, doing: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof AtomaError) throw error;
    throw chainUnavailable(url, doing, error);
  }
}

/** A caller's abort, as an error. */
export function cancelled(doing: string, fields: Readonly<Record<string, unknown>> = {}): AtomaError {
  return new AtomaError('cancelled', `cancelled while ${doing}`, { fields });
}
