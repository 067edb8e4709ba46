import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Chain } from '../chain/index.js';
import type { ChainConfig } from '../config/index.js';
import { Journal } from '../tickets/index.js';
import { type AuditVerdict, judge } from './audit-verdict.js';
import { JOURNAL_FILE } from './chain-side.js';
import { connectSui } from './connect-sui.js';
import { cursorScope } from './event-intake.js';
import { type AuditRange, readSightings } from './sightings.js';

/** One ticket that the chain gave this node. */
export interface AuditedTicket {
  readonly ticketId: string;
  readonly verdict: AuditVerdict;
  readonly why: string;
  /** Where the chain gave it to the node. */
  readonly eventId: string;
  readonly checkpoint: bigint | undefined;
  readonly digest: string | undefined;
}

/**
 * Compares the journal with the chain: every ticket of these checkpoints that concerned this node, in the
 * chain's order. May run beside the node.
 * @throws AtomaError `journal_*`, `history_pruned`, and what connecting throws
 */
export async function* audit(
  config: ChainConfig,
  range: AuditRange,
  modules: { readonly logger: Logger; readonly signal: AbortSignal },
): AsyncGenerator<AuditedTicket, void, void> {
  const { client } = config;
  const path = join(client.dataDir, JOURNAL_FILE);
  const journal = Journal.open({ path, badge: client.nodeBadgeId, readOnly: true });
  try {
    const chain = await connectSui(config, modules);
    try {
      yield* compare(config, range, { chain, journal, signal: modules.signal });
    } finally {
      await chain.close();
    }
  } finally {
    journal.close();
  }
}

async function* compare(
  { client, subscriber }: ChainConfig,
  range: AuditRange,
  modules: { readonly chain: Chain; readonly journal: Journal; readonly signal: AbortSignal },
): AsyncGenerator<AuditedTicket, void, void> {
  const { chain, journal, signal } = modules;
  const scope = cursorScope(chain, subscriber.packageId);
  const sightings = await readSightings(chain, client.smallId, range, signal);
  for (const sighting of sightings) {
    const { ticketId, eventId, checkpoint } = sighting;
    // In this order: what a node at work enters in between is found, and counts as read or not yet.
    const cursor = journal.cursor(scope);
    const ticket = journal.get(ticketId);
    const digest = ticket?.digest;
    const judgement = judge(sighting, {
      ticket,
      outcome: digest === undefined ? undefined : await chain.transactionOutcome(digest, signal),
      readUpTo: cursor === undefined ? undefined : chain.checkpointOf(cursor),
      awaitsPrompt: journal.samplings().some((sampling) => sampling.ticketId === ticketId),
      settlementTimeoutMs: client.settlementTimeoutMs,
      nowMs: Date.now(),
    });
    yield { ticketId, eventId, checkpoint, digest, ...judgement };
  }
}
