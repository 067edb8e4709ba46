import { AtomaError } from '../../core/index.js';
import { httpStatusOf, toRpcError } from '../error-catalogue.js';
import { NULL_ID } from '../json-rpc/id.js';
import { errorResponse } from '../json-rpc/message.js';

/** An answer of HTTP that refuses. */
interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * An error as an answer of HTTP, its body in the form of a JSON-RPC error. One that says when to try again
 * (`retryAfterMs` in its fields) bears `Retry-After` in seconds (RFC 9110, 10.2.3), rounded up: a client that
 * comes before would be refused again.
 */
export function toRefusal(error: unknown): Refusal {
  const headers: Record<string, string> = { 'content-type': 'application/json; charset=utf-8' };
  const retryAfterMs = error instanceof AtomaError ? error.fields['retryAfterMs'] : undefined;
  if (typeof retryAfterMs === 'number' && Number.isFinite(retryAfterMs)) {
    headers['retry-after'] = String(Math.max(1, Math.ceil(retryAfterMs / 1000)));
  }
  const status = httpStatusOf(error);
  // RFC 9110, 11.6.1: a 401 says what it wants.
  if (status === 401) headers['www-authenticate'] = 'Bearer';
  return { status, headers, body: errorResponse(NULL_ID, toRpcError(error)) };
}
