/** Bits below the checkpoint: 32 for the transaction in it, 32 for the event in that. */
const CHECKPOINT_SHIFT = 64n;
const TRANSACTION_SHIFT = 32n;
const END_OF_CHECKPOINT = (1n << CHECKPOINT_SHIFT) - 1n;

/** A place in the ledger's order; comparing two as numbers compares the places. */
export type Position = bigint;

export function eventPosition(checkpoint: bigint, transaction: number, event: number): Position {
  return (checkpoint << CHECKPOINT_SHIFT) | (BigInt(transaction) << TRANSACTION_SHIFT) | BigInt(event);
}

/** Before everything in a checkpoint, after everything in the one before it. */
export function beforeCheckpoint(checkpoint: bigint): Position {
  return (checkpoint << CHECKPOINT_SHIFT) - 1n;
}

/** After everything in a checkpoint. */
export function afterCheckpoint(checkpoint: bigint): Position {
  return (checkpoint << CHECKPOINT_SHIFT) | END_OF_CHECKPOINT;
}

export function checkpointOf(position: Position): bigint {
  return position >> CHECKPOINT_SHIFT;
}
