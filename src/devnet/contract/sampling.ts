import { EVENT_LAYOUTS } from '../../chain/index.js';
import type { TransactionContext } from '../move/context.js';
import { sample } from '../random.js';
import type { Database } from './database.js';
import { emitEvent } from './emit.js';
import type { Echelon, Place, Round, TicketRecord } from './records.js';

/** The round that begins now. */
export function roundFrom(context: TransactionContext): Round {
  return { epoch: context.epoch, epochStartMs: context.epochStartMs, startedAtMs: context.nowMs };
}

/**
 * Small ids of an echelon's nodes that prompts may go to: those that are not disabled and, as the dev chain's
 * own rule, are no oracles of the echelon: nobody judges commitments and makes them.
 */
export function activeNodes(database: Database, echelon: Echelon): bigint[] {
  return echelon.nodes.filter((smallId) => {
    const node = database.nodes.get(smallId);
    return node !== undefined && node.disabledInEpoch === undefined && !echelon.oracles.includes(smallId);
  });
}

/** Who can be asked for more leaves of a ticket: its echelon's nodes that never were asked for one. */
export function candidates(database: Database, ticket: TicketRecord): bigint[] {
  const asked = new Set([...ticket.places.map(({ node }) => node), ...ticket.replaced]);
  const echelon = database.echelon(ticket.model, ticket.echelon);
  return activeNodes(database, echelon).filter((smallId) => !asked.has(smallId));
}

/**
 * Asks nodes at random for leaves, as many as there are candidates, and starts a round. A silent node in one of
 * the places is out: its commitment is no longer awaited.
 * @param indices of the leaves, the lowest served first; beyond the ticket's places they make new ones
 */
export function askOthers(
  context: TransactionContext,
  database: Database,
  ticket: TicketRecord,
  indices: readonly number[],
): TicketRecord {
  const drawn = sample(context.random, candidates(database, ticket), indices.length);
  const asked = indices.flatMap((index, at) => {
    const node = drawn[at];
    return node === undefined ? [] : [{ node, index }];
  });
  return askNodes(context, database, ticket, asked);
}

/** Asks these nodes for these leaves, and starts a round. */
export function askNodes(
  context: TransactionContext,
  database: Database,
  ticket: TicketRecord,
  asked: readonly { readonly node: bigint; readonly index: number }[],
): TicketRecord {
  const places: Place[] = [...ticket.places];
  const replaced = [...ticket.replaced];
  for (const { node, index } of asked) {
    const before = places[index];
    if (before !== undefined) replaced.push(before.node);
    places[index] = { node, answer: undefined };
  }
  const event = EVENT_LAYOUTS['settlement::NewlySampledNodesEvent'].serialize({
    ticket_id: ticket.id,
    new_nodes: asked.map(({ node, index }) => ({ node_id: { inner: node }, order: index })),
  });
  emitEvent(context, database.ids, 'settlement::NewlySampledNodesEvent', event);
  return { ...ticket, places, replaced, round: roundFrom(context) };
}
