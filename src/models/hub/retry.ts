import pRetry from 'p-retry';
import type { Logger } from 'pino';
import { AtomaError, pause } from '../../core/index.js';
import type { HubTiming } from '../timing.js';
import { isPassing } from './failure.js';

export interface RetryOptions {
  readonly timing: HubTiming;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Grows with every success on the way: a failure after it counts as the first one again. */
  readonly progress?: () => number;
}

/**
 * Tries until it succeeds, fails for good, or has failed too often without getting further.
 * @throws the last failure; the signal's reason when it aborts
 */
export async function withRetries<Result>(
  attempt: () => Promise<Result>,
  options: RetryOptions,
): Promise<Result> {
  const progress = options.progress ?? (() => 0);
  for (;;) {
    const before = progress();
    try {
      return await tries(attempt, options, () => progress() > before);
    } catch (error) {
      options.signal.throwIfAborted();
      if (!isPassing(error) || progress() <= before) throw error;
      await pause(options.timing.firstRetryMs, options.signal);
    }
  }
}

function tries<Result>(
  attempt: () => Promise<Result>,
  { timing, signal, logger }: RetryOptions,
  gotFurther: () => boolean,
): Promise<Result> {
  return pRetry(attempt, {
    retries: timing.retries,
    minTimeout: timing.firstRetryMs,
    maxTimeout: timing.maxRetryMs,
    randomize: true,
    signal,
    shouldRetry: ({ error }) => isPassing(error) && !gotFurther(),
    onFailedAttempt: async ({ error, retriesLeft }) => {
      const isLast = retriesLeft === 0 && !gotFurther();
      if (signal.aborted || !isPassing(error) || isLast) return;
      logger.warn({ reason: error.message, retriesLeft }, 'the hub failed, trying again');
      await waitAsAsked(error, timing, signal, logger);
    },
  });
}

/** Waits for as long as the hub asked to be left alone, within the bound. */
async function waitAsAsked(
  error: Error,
  { maxRetryAfterMs }: HubTiming,
  signal: AbortSignal,
  logger: Logger,
): Promise<void> {
  const asked = error instanceof AtomaError ? error.fields['retryAfterMs'] : undefined;
  if (typeof asked !== 'number' || asked === 0) return;
  const waitMs = Math.min(asked, maxRetryAfterMs);
  logger.warn({ askedMs: asked, waitMs }, 'the hub asked to wait');
  await pause(waitMs, signal);
}
