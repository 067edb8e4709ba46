import type { Dispute, DisputeState, OracleVerdict } from '../../core/index.js';
import { hex } from './fields.js';

/** Every state, checked against the type so that none can be forgotten. */
export const DISPUTE_STATES: Readonly<Record<DisputeState, DisputeState>> = {
  open: 'open',
  judged: 'judged',
  closing: 'closing',
  settled: 'settled',
  left: 'left',
};

/** A dispute as clients get it: what is not known yet is null, u64 are decimal strings, hashes are hex. */
export function disputeToWire(dispute: Dispute): Record<string, unknown> {
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

function verdictToWire({ inputTokens, outputTokens, root, leaves }: OracleVerdict): Record<string, unknown> {
  return {
    input_tokens: inputTokens.toString(),
    output_tokens: outputTokens.toString(),
    root: hex(root),
    leaves: leaves.map(hex),
  };
}
