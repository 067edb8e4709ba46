import type { Logger } from 'pino';
import { Backoff, pause } from '../../core/index.js';
import { linkAbort } from './linked-abort.js';
import { cancelled, chainUnavailable, describeError, isTransient } from './rpc-errors.js';

/** Short against a ticket's deadline, long against what a full node needs to come back to itself. */
export const RETRY = { firstMs: 100, maxMs: 2_000 };

/** A way to a far full node and back: an attempt that has less time fails by that, and hides why others did. */
const SHORTEST_ATTEMPT_MS = 50;

/** What one attempt is given; a type, since gRPC's options want an index signature. */
export type CallOptions = { readonly abort: AbortSignal; readonly timeout: number };

export interface PersistentCallOptions {
  /** For error messages: `… while ${doing}`. */
  readonly doing: string;
  /** How long one attempt may take. */
  readonly callTimeoutMs: number;
  /** When to give up, on `performance.now()`'s clock. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  /** Joined to errors and log lines. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * Repeats a call until the endpoint answers; a refusal is an answer and is thrown as it came.
 * @throws AtomaError `chain_unavailable` at the deadline, `cancelled` when the signal aborts
 */
export async function untilAnswered<T>(
  options: PersistentCallOptions,
  modules: { readonly url: string; readonly logger: Logger },
  call: (options: CallOptions) => Promise<T>,
): Promise<T> {
  const { doing, signal, deadlineMs, fields } = options;
  const backoff = new Backoff(RETRY);
  for (;;) {
    if (signal.aborted) throw cancelled(doing, fields);
    const link = linkAbort(signal);
    const timeout = Math.max(1, Math.min(options.callTimeoutMs, deadlineMs - performance.now()));
    try {
      return await call({ abort: link.signal, timeout });
    } catch (error) {
      if (signal.aborted) throw cancelled(doing, fields);
      if (!isTransient(error)) throw error;
      const retryInMs = backoff.next();
      if (performance.now() + retryInMs + SHORTEST_ATTEMPT_MS >= deadlineMs) {
        throw chainUnavailable(modules.url, doing, error, fields);
      }
      const reason = describeError(error);
      modules.logger.warn({ ...fields, reason, retryInMs }, `no answer while ${doing}; trying again`);
      await pause(retryInMs, signal);
    } finally {
      link.release();
    }
  }
}

/** For work that takes no signal: rejects when `signal` aborts, whatever the work still does. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(cancelled('waiting for the chain')), { once: true });
  });
  return await Promise.race([work, aborted]);
}
