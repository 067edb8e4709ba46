import type { SubscriptionHistory } from '../../chain/index.js';
import type { ChainFacts } from './chain.js';
import { type Check, type Finding, fail, needed, ok, warn } from './check.js';
import { NO_ENDPOINT } from './endpoint.js';

/** A page has a thousand events at most: as many subscriptions as a network has in years. */
const MAX_PAGES = 32;
/** What was found until then is told; below the time that a check has. */
const SEARCH_MS = 7_000;

/** Which models the chain samples this node for, against those that it is to serve. */
export function subscriptionCheck(facts: ChainFacts, configured: readonly string[]): Check {
  return {
    area: 'chain',
    name: 'subscriptions',
    run: async (signal) => {
      const { lowest } = await needed(facts.state(), NO_ENDPOINT);
      const { smallId } = facts.config.client;
      const search = AbortSignal.any([signal, AbortSignal.timeout(SEARCH_MS)]);
      const probe = await facts.probe();
      const history = await probe.subscriptions({ smallId, lowest, maxPages: MAX_PAGES }, search);
      return judgeSubscriptions(history, smallId, configured);
    },
  };
}

/** A model that is subscribed to and not served costs collateral; one that is only served earns nothing. */
export function judgeSubscriptions(
  history: SubscriptionHistory,
  smallId: bigint,
  configured: readonly string[],
): Finding {
  const reach = `seen since checkpoint ${history.since ?? 'unknown'}${history.complete ? '' : ', where the search ended'}`;
  const subscribed = new Set(history.subscriptions.map(({ model }) => model));
  const idle = [...new Set(configured)].filter((name) => !subscribed.has(name));
  const unserved = [...subscribed].filter((name) => !configured.includes(name));
  if (unserved.length > 0) {
    return fail(
      `node ${smallId} is subscribed to ${listOf(unserved)}, which is not configured: tickets for it would be missed, which costs collateral (${reach}; the contract does not tell when a node leaves a model)`,
      'add it to models under that name, or leave it with the command unsubscribe',
    );
  }
  if (subscribed.size === 0) {
    return warn(
      `no subscription of node ${smallId} ${reach}`,
      `use the command subscribe for ${listOf(idle)}, unless that was done before`,
    );
  }
  const names = history.subscriptions.map(({ model, echelon }) => `${model} (echelon ${echelon})`).join(', ');
  if (idle.length === 0) return ok(`${names}, ${reach}`);
  return warn(
    `subscribed to ${names}, but no subscription to ${listOf(idle)} ${reach}: without one it earns nothing`,
    'use the command subscribe for it, or take it out of models',
  );
}

function listOf(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(', ');
}
