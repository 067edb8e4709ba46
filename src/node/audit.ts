import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Chain } from '../chain/index.js';
import type { ChainConfig } from '../config/index.js';
import type { ChainEvent, Ticket } from '../core/index.js';
import { Journal } from '../tickets/index.js';
import { JOURNAL_FILE } from './chain-side.js';
import { connectSui } from './connect-sui.js';

/**
 * What became of a ticket that concerned this node. `late`: committed after its deadline; `skipped`: its prompt
 * cannot be run; `pending`: there is still time.
 */
export type AuditVerdict = 'committed' | 'late' | 'missed' | 'skipped' | 'pending';

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

export interface AuditRange {
  /** Checkpoints, both included; without an end, up to the newest. */
  readonly from: bigint;
  readonly to: bigint | undefined;
}

/** What the chain says of a ticket. */
interface Sighting {
  readonly event: ChainEvent;
  readonly modality: string | undefined;
  settled: boolean;
  /** The node was the first to commit. */
  first: boolean;
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
      const sightings = await readChain(chain, client.smallId, range, modules.signal);
      for (const [ticketId, sighting] of sightings) {
        yield await judge(ticketId, sighting, { chain, journal, signal: modules.signal });
      }
    } finally {
      await chain.close();
    }
  } finally {
    journal.close();
  }
}

async function readChain(
  chain: Chain,
  smallId: bigint,
  range: AuditRange,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Sighting>> {
  const sightings = new Map<string, Sighting>();
  const see = (ticketId: string, event: ChainEvent, modality?: string): void => {
    if (!sightings.has(ticketId)) sightings.set(ticketId, { event, modality, settled: false, first: false });
  };
  for await (const events of chain.history({ ...range, signal })) {
    for (const event of events) {
      if (event.kind === 'prompt' && event.nodes.includes(smallId)) see(event.ticketId, event);
      else if (event.kind === 'unsupported_prompt' && event.nodes.includes(smallId)) {
        see(event.ticketId, event, event.modality);
      } else if (event.kind === 'new_nodes' && event.newNodes.some(({ nodeId }) => nodeId === smallId)) {
        see(event.ticketId, event);
      } else if (event.kind === 'settled') {
        const sighting = sightings.get(event.ticketId);
        if (sighting !== undefined) sighting.settled = true;
      } else if (event.kind === 'first_submission' && event.nodeId === smallId) {
        const sighting = sightings.get(event.ticketId);
        if (sighting !== undefined) sighting.first = true;
      }
    }
  }
  return sightings;
}

async function judge(
  ticketId: string,
  sighting: Sighting,
  modules: { readonly chain: Chain; readonly journal: Journal; readonly signal: AbortSignal },
): Promise<AuditedTicket> {
  const ticket = modules.journal.get(ticketId);
  const { event, modality, first, settled } = sighting;
  const place = { ticketId, eventId: event.id, checkpoint: event.checkpoint, digest: ticket?.digest };
  if (modality !== undefined) {
    return { ...place, verdict: 'skipped', why: `${modality} prompts cannot be run` };
  }
  if (ticket === undefined) {
    return first
      ? { ...place, verdict: 'committed', why: 'by another process: the journal does not know the ticket' }
      : { ...place, verdict: 'missed', why: 'not in the journal: the node did not see its event' };
  }
  if (ticket.digest === undefined) return { ...place, ...withoutTransaction(ticket, settled) };
  const outcome = await modules.chain.transactionOutcome(ticket.digest, modules.signal);
  const stands = outcome === 'succeeded' || (outcome === 'unknown' && ticket.state !== 'failed' && settled);
  if (stands) return { ...place, verdict: ticket.late ? 'late' : 'committed', why: whyCommitted(ticket) };
  const lastReason = ticket.history.at(-1)?.reason;
  return {
    ...place,
    verdict: expired(ticket) || ticket.state === 'failed' ? 'missed' : 'pending',
    why: `the transaction ${outcome === 'failed' ? 'failed on chain' : 'is not on chain'}${lastReason ? `: ${lastReason}` : ''}`,
  };
}

function withoutTransaction(ticket: Ticket, settled: boolean): Pick<AuditedTicket, 'verdict' | 'why'> {
  const reason = ticket.history.findLast(({ state }) => state === 'failed' || state === 'skipped')?.reason;
  if (ticket.history.some(({ state }) => state === 'skipped')) {
    return { verdict: 'skipped', why: reason ?? 'its prompt cannot be run' };
  }
  if (reason !== undefined) return { verdict: 'missed', why: reason };
  if (ticket.history.some(({ state }) => state === 'committed')) {
    return { verdict: ticket.late ? 'late' : 'committed', why: 'it stood on chain already' };
  }
  if (settled)
    return { verdict: 'missed', why: `it settled without this node, which had it ${ticket.state}` };
  const why = `the node has it ${ticket.history.at(-1)?.state ?? ticket.state}`;
  return expired(ticket)
    ? { verdict: 'missed', why: `${why} after its deadline` }
    : { verdict: 'pending', why };
}

function whyCommitted(ticket: Ticket): string {
  const committed = ticket.history.find(({ state }) => state === 'committed');
  const spareMs = ticket.deadlineMs - (committed?.atMs ?? ticket.deadlineMs);
  const timing =
    spareMs >= 0 ? `${seconds(spareMs)} s before its deadline` : `${seconds(-spareMs)} s too late`;
  return `${ticket.state}, ${timing}`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

function expired(ticket: Ticket): boolean {
  return Date.now() > ticket.deadlineMs;
}
