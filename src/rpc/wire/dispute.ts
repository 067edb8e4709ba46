import { z } from 'zod';
import type { Dispute, DisputeState, OracleVerdict } from '../../core/index.js';
import { hex } from './fields.js';
import { count, hash, timeMs, u64Text, type WireOf } from './schema.js';

/** Every state, checked against the type so that none can be forgotten. */
export const DISPUTE_STATES: Readonly<Record<DisputeState, DisputeState>> = {
  open: 'open',
  judged: 'judged',
  closing: 'closing',
  settled: 'settled',
  left: 'left',
};

const Verdict = z.object({
  input_tokens: u64Text,
  output_tokens: u64Text,
  root: hash,
  leaves: z.array(hash),
});

export const DisputeSchema = z
  .object({
    ticket_id: z.string(),
    since_ms: timeMs,
    cause: z.string(),
    state: z.enum(DISPUTE_STATES),
    attempts: count.describe('How often this node tried what it has to do next.'),
    verdict: Verdict.nullable().describe('What this node found, as an oracle.'),
    findings: z.array(
      z.object({ node: u64Text, found: z.enum(['agrees', 'leaf_differs', 'silent', 'unknown']) }),
    ),
    counts_agree: z.boolean().nullable(),
    digest: z.string().nullable().describe('Of the transaction by which this node settled it.'),
    settlement_event: z.string().nullable(),
    oracle: u64Text.nullable().describe('The node that settled it.'),
    own_commitment: z.enum(['right', 'wrong']).nullable(),
    note: z.string().nullable().describe('Why it was left, or what it waits for.'),
  })
  .meta({ id: 'Dispute', description: 'A dispute over a ticket, as this node sees it.' });

/** A dispute as clients get it: what is not known yet is null, u64 are decimal strings, hashes are hex. */
export function disputeToWire(dispute: Dispute): WireOf<typeof DisputeSchema> {
  return {
    ticket_id: dispute.ticketId,
    since_ms: dispute.sinceMs,
    cause: dispute.cause,
    state: dispute.state,
    attempts: dispute.attempts,
    verdict: dispute.verdict === undefined ? null : verdictToWire(dispute.verdict),
    findings: dispute.findings.map(({ nodeId, found }) => ({ node: nodeId.toString(), found })),
    counts_agree: dispute.countsAgree ?? null,
    digest: dispute.digest ?? null,
    settlement_event: dispute.settlement ?? null,
    oracle: dispute.oracleNodeId?.toString() ?? null,
    own_commitment: dispute.own ?? null,
    note: dispute.note ?? null,
  };
}

function verdictToWire({ inputTokens, outputTokens, root, leaves }: OracleVerdict): WireOf<typeof Verdict> {
  return {
    input_tokens: inputTokens.toString(),
    output_tokens: outputTokens.toString(),
    root: hex(root),
    leaves: leaves.map(hex),
  };
}
