import type { GrpcTypes } from '@mysten/sui/grpc';
import type { PartialMessage } from '@protobuf-ts/runtime';
import type { Checkpoint } from '../ledger/checkpoints.js';
import type { ReadMask } from '../read-mask.js';
import { renderCommitted } from './render-transaction.js';
import { timestamp } from './timestamp.js';

/** What a read of checkpoints gives where the client named no fields. */
export const DEFAULT_CHECKPOINT_FIELDS: readonly string[] = ['sequence_number', 'digest'];

/** A checkpoint without validators' signatures: there are no validators. */
export function maskedCheckpoint(
  checkpoint: Checkpoint,
  mask: ReadMask<GrpcTypes.Checkpoint>,
): GrpcTypes.Checkpoint {
  const { sequence, digest } = checkpoint;
  const summary: PartialMessage<GrpcTypes.CheckpointSummary> = {
    digest,
    epoch: checkpoint.epoch,
    sequenceNumber: sequence,
    totalNetworkTransactions: checkpoint.totalTransactions,
    timestamp: timestamp(checkpoint.timestampMs),
  };
  if (checkpoint.previousDigest !== undefined) summary.previousDigest = checkpoint.previousDigest;
  const rendered: PartialMessage<GrpcTypes.Checkpoint> = { sequenceNumber: sequence, digest, summary };
  if (mask.wants('transactions')) {
    rendered.transactions = checkpoint.transactions.map((transaction) =>
      renderCommitted(transaction, mask, 'transactions.'),
    );
  }
  return mask.apply(rendered);
}
