import { join } from 'node:path';
import type { ClientConfig } from '../../config/index.js';
import { ProcessLock } from '../../core/index.js';
import { JOURNAL_FILE } from '../chain-side.js';
import { type Check, ok, once, warn } from './check.js';

/** Where a node keeps its journal. */
export function journalPath({ dataDir }: ClientConfig): string {
  return join(dataDir, JOURNAL_FILE);
}

/** Tells which process has the journal, a node that runs; undefined where none has it. */
export function journalHolder(client: ClientConfig): () => Promise<string | undefined> {
  return once(async () => ProcessLock.holder(`${journalPath(client)}.lock`));
}

/** Whether the journal is free for a node to start. */
export function journalCheck(client: ClientConfig, holder: () => Promise<string | undefined>): Check {
  return {
    area: 'files',
    name: 'journal',
    run: async () => {
      const path = journalPath(client);
      const process = await holder();
      if (process === undefined) return ok(`${path} is in nobody's use`);
      return warn(
        `a node runs with ${path}: ${process}`,
        'stop it before you start another one with this badge; doctor may run beside it',
      );
    },
  };
}
