import { join } from 'node:path';
import type { ChainConfig } from '../config/index.js';
import { ProcessLock } from '../core/index.js';
import { JOURNAL_FILE } from './chain-side.js';

/** What to do where another node has the journal or the badge. */
const ADVICE =
  'Two nodes with one badge would commit twice and lose collateral: stop that process first, or give this node its own badge and data_dir.';

/** The lock of a badge among those of all nodes of this machine. */
export function badgeLockPath(lockDir: string, nodeBadgeId: string): string {
  return join(lockDir, `badge-${nodeBadgeId}.lock`);
}

/** The lock of a journal. */
export function journalLockPath(dataDir: string): string {
  return `${join(dataDir, JOURNAL_FILE)}.lock`;
}

/**
 * Keeps every other node with this journal or, on this machine, with this badge out. Taken before anything else
 * of the node: a twin is to hear of the node that runs, not of the port that it occupies.
 * @param lockDir where the locks of all nodes of this machine are
 * @throws AtomaError `already_running`, `lock_unavailable`
 */
export function takeLocks({ client }: ChainConfig, lockDir: string): readonly ProcessLock[] {
  const { dataDir, nodeBadgeId } = client;
  const path = join(dataDir, JOURNAL_FILE);
  const journal = ProcessLock.acquire(journalLockPath(dataDir), `the journal ${path}`, ADVICE);
  try {
    const badgePath = badgeLockPath(lockDir, nodeBadgeId);
    return [ProcessLock.acquire(badgePath, `the node badge ${nodeBadgeId}`, ADVICE), journal];
  } catch (error) {
    journal.release();
    throw error;
  }
}
