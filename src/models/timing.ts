/** How long the hub is waited for, ms. */
export interface HubTiming {
  /** A connection over which nothing comes for so long is dead. */
  readonly stallMs: number;
  /** Tries in a row without a byte of progress before a download is given up. */
  readonly retries: number;
  /** Wait before the first of these tries; it doubles from there. */
  readonly firstRetryMs: number;
  readonly maxRetryMs: number;
  /** Longest wait that the hub may ask for. */
  readonly maxRetryAfterMs: number;
  /** Between two looks at whether another process has finished. */
  readonly lockPollMs: number;
  /** Between two reports of progress. */
  readonly progressMs: number;
}

export const DEFAULT_TIMING: HubTiming = {
  // The hub's own tools wait 10 s; a busy mirror that reads from a slow disk takes longer for its first byte.
  stallMs: 30_000,
  // With the waits between them about two minutes: a router that starts again.
  retries: 7,
  firstRetryMs: 1_000,
  maxRetryMs: 30_000,
  // The hub counts requests over five minutes.
  maxRetryAfterMs: 300_000,
  lockPollMs: 200,
  progressMs: 200,
};
