import { EXIT } from './exit.js';

/** The device process ends by a kill; only a look at the hardware, which takes a second, is not to be stopped. */
const DEFAULT_CUT_OFF_MS = 500;

/**
 * Aborts at a signal, or when nobody reads stdout any more; what does not end by it is cut off.
 * @param cutOffMs how long it may take to end
 */
export function interruption(cutOffMs = DEFAULT_CUT_OFF_MS): AbortSignal {
  const stop = new AbortController();
  const onStop = (): void => {
    if (stop.signal.aborted) process.exit(EXIT.interrupted);
    stop.abort();
    setTimeout(() => process.exit(EXIT.interrupted), cutOffMs).unref();
  };
  process.on('SIGINT', onStop);
  process.on('SIGTERM', onStop);
  process.stdout.once('error', onStop);
  return stop.signal;
}
