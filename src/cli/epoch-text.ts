import type { EpochState } from '../chain/index.js';
import { secondsText } from './text-layout.js';

/**
 * When an epoch begins, for people: `in 5 h 3 min (2026-01-31 12:00 UTC)`. Epochs of Sui last a day, as they are
 * meant to; only their length says when one that is further away begins.
 */
export function epochStartText(epoch: bigint, { epoch: running, endsAtMs, durationMs }: EpochState): string {
  if (epoch <= running) return 'now';
  if (endsAtMs === undefined || durationMs === undefined) return 'at a time that the endpoint does not tell';
  const atMs = endsAtMs + Number(epoch - running - 1n) * durationMs;
  const leftMs = atMs - Date.now();
  const at = `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return leftMs <= 0 ? `any moment (${at} has passed)` : `in about ${secondsText(leftMs / 1000)} (${at})`;
}
