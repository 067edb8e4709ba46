import { type Disagreement, disagreements } from './disagreement.js';
import type { NodeFacts, NodePart, RehearsalFacts, Role, TicketFacts } from './facts.js';

/** What went wrong: a kind for programs, and a sentence that says what, where, and what to do. */
export interface Problem {
  readonly kind:
    | 'not_reproducible'
    | 'not_committed'
    | 'late'
    | 'not_settled'
    | 'not_paid'
    | 'slashed'
    | 'not_slashed';
  /** undefined where it is of no single ticket. */
  readonly ticketId: string | undefined;
  readonly message: string;
}

const MS_PER_SECOND = 1000;

/**
 * What did not go as it must: honest nodes commit in time, agree with each other and are paid for what they
 * answered, and exactly those that lie lose their collateral. Empty where all did. What matters most comes first.
 */
export function judge(facts: RehearsalFacts): readonly Problem[] {
  const roles = new Map(facts.nodes.map(({ smallId, role }) => [smallId, role]));
  const all = facts.tickets.map((ticket) => {
    const honest = honestParts(ticket, roles);
    return { ticket, honest, found: disagreements(honest) };
  });
  // Who is paid for a ticket on which honest nodes differ is the oracle's word, and no further finding.
  const agreed = all.filter(({ found }) => found.length === 0);
  return [
    ...all.flatMap(({ ticket, found }) => found.map((difference) => notReproducible(ticket, difference))),
    ...all.flatMap(({ ticket, honest }) => honest.flatMap((part) => silence(ticket, part))),
    ...all.flatMap(({ ticket, honest }) => settlement(ticket, honest)),
    ...agreed.flatMap(({ ticket, honest }) => honest.flatMap((part) => payment(facts, ticket, part))),
    ...facts.nodes.flatMap((node) => loss(node)),
  ];
}

function honestParts({ parts }: TicketFacts, roles: ReadonlyMap<bigint, Role>): readonly NodePart[] {
  return parts.filter(({ smallId }) => roles.get(smallId) === 'honest');
}

function notReproducible({ ticketId }: TicketFacts, found: Disagreement): Problem {
  const { one, other, index, oneToken, otherToken } = found;
  const where =
    index === undefined
      ? 'with the same tokens but other texts or counts'
      : `first at token ${index}: ${tokenText(one, oneToken)}, ${tokenText(other, otherToken)}`;
  const message = `ticket ${ticketId}: the honest nodes ${one} and ${other} answered differently, ${where}. This model is not reproducible on this hardware with these settings: a node would lose its collateral. Try [pool] sequences = 1, other weights (q8_0 rather than f16), or another backend, and rehearse again.`;
  return { kind: 'not_reproducible', ticketId, message };
}

function tokenText(smallId: bigint, token: number | undefined): string {
  return token === undefined ? `node ${smallId} had ended` : `node ${smallId} has ${token}`;
}

/** A commitment that did not come, or not in time. */
function silence(
  { ticketId }: TicketFacts,
  { smallId, ticket, committedAtMs }: NodePart,
): readonly Problem[] {
  if (committedAtMs === undefined) {
    const message = `ticket ${ticketId}: node ${smallId} did not commit: ${whyNot(ticket)}`;
    return [{ kind: 'not_committed', ticketId, message }];
  }
  const lateMs = ticket === undefined ? 0 : committedAtMs - ticket.deadlineMs;
  if (lateMs <= 0) return [];
  const seconds = (lateMs / MS_PER_SECOND).toFixed(1);
  const message = `ticket ${ticketId}: node ${smallId} committed ${seconds} s after the deadline. All nodes of the rehearsal share this machine; where it is late with --max-tokens lowered, too, the model is too slow for it.`;
  return [{ kind: 'late', ticketId, message }];
}

function whyNot(ticket: NodePart['ticket']): string {
  if (ticket === undefined) return 'it never saw the ticket.';
  const reason = ticket.error?.message ?? ticket.history.at(-1)?.reason;
  const state = `its journal says ${ticket.state}`;
  return reason === undefined ? `${state}; no answer came in time.` : `${state}: ${reason}`;
}

/** A ticket for which a commitment is missing cannot have settled yet. */
function settlement(
  { ticketId, settled, disputed }: TicketFacts,
  honest: readonly NodePart[],
): readonly Problem[] {
  if (settled || honest.some(({ committedAtMs }) => committedAtMs === undefined)) return [];
  const why = disputed ? ': it is disputed, and the oracle did not decide' : '';
  return [{ kind: 'not_settled', ticketId, message: `ticket ${ticketId} did not settle${why}.` }];
}

/** An honest node is to be paid for the counts that it committed to. */
function payment(
  { fees }: RehearsalFacts,
  { ticketId, settled }: TicketFacts,
  { smallId, ticket, committedAtMs, paid = 0n }: NodePart,
): readonly Problem[] {
  if (!settled || committedAtMs === undefined || ticket?.answer === undefined) return [];
  const { inputTokens, outputTokens } = ticket.answer;
  const due = BigInt(inputTokens) * fees.perInputToken + BigInt(outputTokens) * fees.perOutputToken;
  if (paid === due) return [];
  const message = `ticket ${ticketId}: node ${smallId} was paid ${paid}, wanted ${due} for ${inputTokens} tokens in and ${outputTokens} out.`;
  return [{ kind: 'not_paid', ticketId, message }];
}

/** Exactly those that lie lose their collateral, and lose all of it. */
function loss({ smallId, role, lost, collateral }: NodeFacts): readonly Problem[] {
  if (role !== 'liar' && lost > 0n) {
    const message = `node ${smallId}, which did not lie, lost ${lost} of its collateral.`;
    return [{ kind: 'slashed', ticketId: undefined, message }];
  }
  if (role !== 'liar' || (lost > 0n && collateral === 0n)) return [];
  const message = `node ${smallId} lied and still has ${collateral} of its collateral.`;
  return [{ kind: 'not_slashed', ticketId: undefined, message }];
}
