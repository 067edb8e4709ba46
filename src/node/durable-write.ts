import type { Logger } from 'pino';
import { AtomaError, Backoff, pause } from '../core/index.js';
import { isJournalError } from '../tickets/index.js';

/** A full disk is noticed and freed by people or by log rotation: seconds, not milliseconds. */
const RETRY = { firstMs: 100, maxMs: 5000 };

/**
 * Writes to the journal until it has been written: what the node does next may rest on it.
 * @throws AtomaError `cancelled` when `signal` aborts before that; anything but a `journal_*` error of `work`
 */
export async function untilWritten<T>(
  work: () => T,
  { signal, logger }: { readonly signal: AbortSignal; readonly logger: Logger },
): Promise<T> {
  const backoff = new Backoff(RETRY);
  let failed = false;
  for (;;) {
    try {
      const result = work();
      if (failed) logger.info('the journal can be written again');
      return result;
    } catch (error) {
      if (!isJournalError(error)) throw error;
      if (!failed) logger.error({ code: error.code }, `intake stops: ${error.message}`);
      failed = true;
      await pause(backoff.next(), signal);
      if (signal.aborted) throw new AtomaError('cancelled', 'stopped while the journal could not be written');
    }
  }
}
