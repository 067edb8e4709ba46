import type { Node } from './records.js';

/** Fees of an epoch become available in a later one. */
export function rollFees(node: Node, epoch: bigint): Node {
  if (node.lastFeeEpoch === epoch) return node;
  const availableFee = node.availableFee + node.lastFeeEpochAmount;
  return { ...node, availableFee, lastFeeEpoch: epoch, lastFeeEpochAmount: 0n };
}

/** A node with a fee more, earned in this epoch. */
export function creditFee(node: Node, epoch: bigint, fee: bigint): Node {
  const rolled = rollFees(node, epoch);
  return { ...rolled, lastFeeEpochAmount: rolled.lastFeeEpochAmount + fee };
}
