import type { Logger } from 'pino';
import { AtomaError } from '../../core/index.js';
import type { Endpoint } from './endpoint.js';
import { type CallOptions, untilAnswered } from './persistent-call.js';
import { chainUnavailable, rpcCode } from './rpc-errors.js';

export interface SingleReadingOptions {
  /** For error messages: `… while ${doing}`. */
  readonly doing: string;
  /** How long it may take, all tries together. */
  readonly callTimeoutMs: number;
  readonly signal: AbortSignal;
  /** Joined to errors and log lines. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * Reads one thing; undefined where the endpoint does not have it.
 * @throws AtomaError `chain_unavailable`, `cancelled`
 */
export async function readOne<T>(
  options: SingleReadingOptions,
  { endpoint, logger }: { readonly endpoint: Endpoint; readonly logger: Logger },
  call: (options: CallOptions) => Promise<T>,
): Promise<T | undefined> {
  const { doing, callTimeoutMs, fields } = options;
  const deadlineMs = performance.now() + callTimeoutMs;
  try {
    return await untilAnswered({ ...options, deadlineMs }, { url: endpoint.url, logger }, call);
  } catch (error) {
    if (error instanceof AtomaError) throw error;
    if (rpcCode(error) === 'NOT_FOUND') return undefined;
    throw chainUnavailable(endpoint.url, doing, error, fields);
  }
}
