import { join } from 'node:path';
import type { ChainConfig } from '../../config/index.js';
import { AtomaError, type Ticket, type TicketAnswer, type TicketState } from '../../core/index.js';
import { EVIDENCE_FORMAT, EVIDENCE_VERSION, type Evidence } from '../../rpc/index.js';
import { Journal } from '../../tickets/index.js';
import { JOURNAL_FILE } from '../chain-side.js';
import { VERSION } from '../version.js';
import { paramsToWire } from './params-wire.js';
import { profileToWire } from './profile-wire.js';

/** States from which an answer can still come. */
const OPEN: ReadonlySet<TicketState> = new Set(['received', 'running']);

/** Whose journal it is. */
type Identity = Pick<ChainConfig['client'], 'smallId' | 'nodeBadgeId'>;

/**
 * The evidence of a ticket that this node has answered; without a chain there is no journal, and no ticket.
 * @throws AtomaError `not_found` for a ticket that the journal does not know or that ended without an answer,
 * `not_ready` for one that has none yet
 */
export function collectEvidence(
  ticketId: string,
  identity: Identity | undefined,
  journal: Journal | undefined,
): Evidence {
  const ticket = journal?.get(ticketId);
  const fields = { ticketId };
  if (journal === undefined || ticket === undefined) {
    throw new AtomaError('not_found', `no ticket ${ticketId} is known to this node`, { fields });
  }
  const { answer } = ticket;
  if (answer !== undefined) return evidenceOf(ticket, answer, identity, journal);
  const reason = ticket.history.at(-1)?.reason;
  const where = `ticket ${ticketId} is ${ticket.state}${reason === undefined ? '' : ` (${reason})`}`;
  throw OPEN.has(ticket.state)
    ? new AtomaError('not_ready', `${where}: it has no answer yet; ask again when it has one`, { fields })
    : new AtomaError('not_found', `${where}: this node gave it no answer, so there is no evidence`, {
        fields,
      });
}

/**
 * As {@link collectEvidence}, from the journal of a configuration, which a running node may hold.
 * @throws AtomaError also `journal_*`
 */
export function readEvidence(ticketId: string, { client }: ChainConfig): Evidence {
  const path = join(client.dataDir, JOURNAL_FILE);
  const journal = Journal.open({ path, badge: client.nodeBadgeId, readOnly: true });
  try {
    return collectEvidence(ticketId, client, journal);
  } finally {
    journal.close();
  }
}

function evidenceOf(
  ticket: Ticket,
  answer: TicketAnswer,
  identity: Identity | undefined,
  journal: Journal,
): Evidence {
  const profile = journal.profile(journal.commitmentProfile(ticket.id) ?? answer.profile);
  const { promptTokens } = answer;
  return {
    format: EVIDENCE_FORMAT,
    version: EVIDENCE_VERSION,
    ticket_id: ticket.id,
    node: {
      small_id: identity?.smallId.toString() ?? null,
      badge_id: identity?.nodeBadgeId ?? null,
      chain_id: chainIdOf(journal),
      version: VERSION,
    },
    params: paramsToWire(ticket.params),
    leaf_index: ticket.leafIndex.toString(),
    chunks_count: ticket.chunksCount.toString(),
    profile: profile === undefined ? null : profileToWire(profile),
    // A prompt of no tokens is refused: none were kept.
    prompt_tokens: promptTokens.length === 0 ? null : [...promptTokens],
    output_tokens: [...answer.tokens],
    text: answer.text,
    input_tokens_count: String(answer.inputTokens),
    output_tokens_count: String(answer.outputTokens),
    finish_reason: answer.finishReason,
    leaf: answer.leaf,
    root: answer.root,
    digest: ticket.digest ?? null,
    timings: timingsOf(ticket, answer),
  };
}

function timingsOf(ticket: Ticket, { timings }: TicketAnswer): Evidence['timings'] {
  const at = (state: TicketState): number | null =>
    ticket.history.findLast((step) => step.state === state)?.atMs ?? null;
  return {
    received_at_ms: ticket.receivedAtMs,
    first_token_at_ms: ticket.firstTokenAtMs ?? null,
    answered_at_ms: at('answered'),
    // The settlement can be read before the answer to the transaction that caused it.
    committed_at_ms: at('committed') ?? at('settled'),
    prefill_ms: timings.prefillMs,
    decode_ms: timings.decodeMs,
  };
}

/** Of the chain that the journal was read on last; null before there was one. */
function chainIdOf(journal: Journal): string | null {
  const [, id] = journal.cursorScopes().at(-1)?.chain.split(':', 2) ?? [];
  return id ?? null;
}
