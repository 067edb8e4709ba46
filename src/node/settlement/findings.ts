import { commitmentLeaves, commitmentRoot, MAX_CHUNKS } from '../../chain/index.js';
import {
  AtomaError,
  type Commitment,
  type Completion,
  type Finding,
  type OracleVerdict,
  type SampledNode,
  type TicketOnChain,
} from '../../core/index.js';
import type { Judgement } from '../../tickets/index.js';

/**
 * What an oracle says of a ticket whose prompt it has answered so, and who of its nodes was right.
 * @param chunksCount how many leaves the ticket has
 * @param ticket as it lies on the chain; undefined where it could not be read
 * @throws AtomaError `unsupported` where it has more leaves than any real ticket
 */
export function judgementOf(
  ticketId: string,
  completion: Completion,
  { chunksCount, ticket }: { readonly chunksCount: bigint; readonly ticket: TicketOnChain | undefined },
): Judgement {
  const count = ticket?.leafCount || chunksCount;
  if (count > MAX_CHUNKS) {
    throw new AtomaError('unsupported', `chunks_count is ${count}, wanted at most ${MAX_CHUNKS}`);
  }
  const data = new TextEncoder().encode(completion.text);
  const verdict: OracleVerdict = {
    ticketId,
    inputTokens: BigInt(completion.inputTokens),
    outputTokens: BigInt(completion.tokens.length),
    root: commitmentRoot(data, count),
    leaves: commitmentLeaves(data, count),
  };
  const nodes = ticket?.nodes ?? [];
  return {
    verdict,
    findings: nodes.map((node, index) => findingOf(node, verdict.leaves[index])),
    countsAgree: countsAgree(verdict, ticket),
  };
}

/** The ticket holds the counts of the first node that committed only. */
function countsAgree(verdict: OracleVerdict, ticket: TicketOnChain | undefined): boolean | undefined {
  const isClaimed = ticket?.nodes?.some(({ committed }) => committed === true) ?? false;
  if (!isClaimed || ticket?.inputTokens === undefined || ticket.outputTokens === undefined) return undefined;
  return ticket.inputTokens === verdict.inputTokens && ticket.outputTokens === verdict.outputTokens;
}

function findingOf(
  { smallId: nodeId, committed, leaf }: SampledNode,
  right: Uint8Array | undefined,
): Finding {
  if (committed === false) return { nodeId, found: 'silent' };
  if (leaf === undefined || right === undefined) return { nodeId, found: 'unknown' };
  return { nodeId, found: sameBytes(leaf, right) ? 'agrees' : 'leaf_differs' };
}

/** Whether a verdict confirms what a node committed to. */
export function confirms(
  verdict: OracleVerdict,
  { inputTokens, outputTokens, leaf, root }: Commitment,
  leafIndex: bigint,
): boolean {
  const right = verdict.leaves[Number(leafIndex)];
  return (
    verdict.inputTokens === inputTokens &&
    verdict.outputTokens === outputTokens &&
    sameBytes(verdict.root, root) &&
    right !== undefined &&
    sameBytes(right, leaf)
  );
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
