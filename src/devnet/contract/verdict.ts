import { ABORT } from '../../chain/index.js';
import type { TransactionContext } from '../move/context.js';
import type { Call } from '../move/function.js';
import type { Database } from './database.js';
import { HASH_BYTES, sameBytes, sameClaim } from './hashes.js';
import type { Answer, Claim, TicketRecord } from './records.js';
import { slashLiar, slashSilent } from './slashing.js';

/** What an oracle found: all leaves, and the claim that a right commitment makes. */
export interface Verdict extends Claim {
  /** Small id. */
  readonly oracle: bigint;
  /** As many leaves as the ticket has chunks, one after the other. */
  readonly leaves: Uint8Array;
}

/**
 * Checks that an oracle may say this.
 *
 * The dev chain's own rules: an oracle that was sampled for the ticket, or is disabled, is none for it; the
 * oracle's word is taken as it is, also where its root is not that of its leaves.
 * @throws ExecutionFailure with the contract's codes
 */
export function checkVerdict(call: Call, database: Database, ticket: TicketRecord, verdict: Verdict): void {
  const { oracle, root, leaves } = verdict;
  const judges = database.echelon(ticket.model, ticket.echelon).oracles.includes(oracle);
  const involved = ticket.places.some(({ node }) => node === oracle) || ticket.replaced.includes(oracle);
  if (!judges || involved || database.node(oracle).disabledInEpoch !== undefined) {
    throw call.abort(ABORT.notAnOracle, `node ${oracle} is no oracle for ticket ${ticket.id}`);
  }
  if (root.length !== HASH_BYTES) {
    throw call.abort(
      ABORT.hashNot32Bytes,
      `oracle_merkle_root has ${root.length} bytes, wanted ${HASH_BYTES}`,
    );
  }
  const wanted = ticket.chunks * HASH_BYTES;
  if (leaves.length !== wanted) {
    const message = `oracle_merkle_leaves has ${leaves.length} bytes, wanted ${wanted}`;
    throw call.abort(ABORT.leavesBufferLength, message);
  }
}

/**
 * Slashes whoever committed to something else than the oracle found; and silent nodes as in a timeout, unless
 * they were when it came to the dispute.
 * @returns small ids of the nodes that were right
 */
export function judge(
  context: TransactionContext,
  database: Database,
  ticket: TicketRecord,
  verdict: Verdict,
): bigint[] {
  if (ticket.dispute !== 'timeout') slashSilent(database, ticket);
  const honest: bigint[] = [];
  for (const [index, { node, answer }] of ticket.places.entries()) {
    if (answer === undefined) continue;
    if (isRight(answer, index, verdict)) honest.push(node);
    else slashLiar(context, database, ticket, node);
  }
  return honest;
}

/**
 * Whether a commitment is what the oracle found. The contract remembers the first claim alone; the dev chain
 * every node's, so that who lied about counts or root is blamed also where the leaf is right.
 */
function isRight(answer: Answer, index: number, verdict: Verdict): boolean {
  const leaf = verdict.leaves.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
  return sameBytes(answer.leaf, leaf) && sameClaim(answer, verdict);
}
