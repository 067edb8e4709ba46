import type { Logger } from 'pino';
import type { Tip } from './tip.js';

/** Sui makes about five checkpoints a second: fifty that do not come are no pause. */
const STALL_MS = 10_000;
/** Looks per stall limit: a stall is noticed within a tenth of the limit. */
const LOOKS = 10;

export interface TipWatchOptions {
  readonly endpoint: string;
  /** How long no new checkpoint may come before it is said. Default 10 s. */
  readonly stallMs?: number | undefined;
}

/**
 * Says so in the log when a chain, or what is seen of it, stands still, and when it moves again.
 * @returns ends the watch
 */
export function watchTip(
  { endpoint, stallMs = STALL_MS }: TipWatchOptions,
  { tip, logger }: { readonly tip: Tip; readonly logger: Logger },
): () => void {
  let movedAtMs = tip.checkpoint?.seenAtMs ?? Date.now();
  let stalled = false;
  const timer = setInterval(() => {
    const { checkpoint } = tip;
    const seenAtMs = Math.max(checkpoint?.seenAtMs ?? movedAtMs, movedAtMs);
    const ageMs = Date.now() - seenAtMs;
    const fields = { endpoint, checkpoint: checkpoint?.sequence.toString() };
    if (!stalled && ageMs > stallMs) {
      stalled = true;
      movedAtMs = seenAtMs;
      logger.warn({ ...fields, ageMs }, 'no new checkpoint: the chain or the connection to it stands still');
    } else if (stalled && seenAtMs > movedAtMs) {
      stalled = false;
      logger.info({ ...fields, stoodStillMs: seenAtMs - movedAtMs }, 'checkpoints come again');
    }
  }, stallMs / LOOKS);
  timer.unref();
  return () => clearInterval(timer);
}
