import type { EndpointState } from '../../chain/index.js';
import { AtomaError } from '../../core/index.js';
import { Journal } from '../../tickets/index.js';
import { scopeOf } from '../event-intake.js';
import type { ChainFacts } from './chain.js';
import { type Check, type Finding, ok, warn } from './check.js';
import { journalPath } from './journal.js';

/** How far the endpoint's history reaches, and whether the journal's place is still in it. */
export function historyCheck(facts: ChainFacts, state: () => Promise<EndpointState>): Check {
  return {
    area: 'chain',
    name: 'history',
    run: async (signal) => {
      const { chainId, lowest } = await state();
      const reach = `events from checkpoint ${lowest} on`;
      const place = placeOf(facts, chainId);
      if (place === 'none') return ok(`${reach}; without a journal the node starts at the newest one`);
      if (place === 'elsewhere') return elsewhere(reach);
      const readUpTo = await (await facts.probe()).cursor(place.cursor, chainId, signal);
      return ok(`${reach}; the journal has read up to checkpoint ${readUpTo ?? 'unknown'}`);
    },
  };
}

/**
 * Where the journal would read on; `elsewhere` where it has places on other chains or packages only.
 * @throws AtomaError `journal_*`
 */
function placeOf(
  { config }: ChainFacts,
  chainId: string,
): { readonly cursor: string } | 'none' | 'elsewhere' {
  const { client, subscriber } = config;
  let journal: Journal;
  try {
    journal = Journal.open({ path: journalPath(client), badge: client.nodeBadgeId, readOnly: true });
  } catch (error) {
    if (error instanceof AtomaError && error.code === 'journal_missing') return 'none';
    throw error;
  }
  try {
    const cursor = journal.cursor(scopeOf('sui', chainId, subscriber.packageId));
    if (cursor !== undefined) return { cursor };
    return journal.cursorScopes().length === 0 ? 'none' : 'elsewhere';
  } finally {
    journal.close();
  }
}

function elsewhere(reach: string): Finding {
  return warn(
    `${reach}; the journal was read on another chain or for another package so far: the node starts at the newest one`,
    'nothing if that is meant; else check http_url, package_id and data_dir',
  );
}
