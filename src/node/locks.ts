import { join } from 'node:path';
import type { ChainConfig } from '../config/index.js';
import { ProcessLock } from '../tickets/index.js';
import { JOURNAL_FILE } from './chain-side.js';

/**
 * Keeps every other node with this journal or, on this machine, with this badge out. Taken before anything else
 * of the node: a twin is to hear of the node that runs, not of the port that it occupies.
 * @param lockDir where the locks of all nodes of this machine are
 * @throws AtomaError `already_running`, `lock_unavailable`
 */
export function takeLocks({ client }: ChainConfig, lockDir: string): readonly ProcessLock[] {
  const { dataDir, nodeBadgeId } = client;
  const path = join(dataDir, JOURNAL_FILE);
  const journal = ProcessLock.acquire(`${path}.lock`, `the journal ${path}`);
  try {
    const badgePath = join(lockDir, `badge-${nodeBadgeId}.lock`);
    return [ProcessLock.acquire(badgePath, `the node badge ${nodeBadgeId}`), journal];
  } catch (error) {
    journal.release();
    throw error;
  }
}
