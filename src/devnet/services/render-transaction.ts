import type { GrpcTypes } from '@mysten/sui/grpc';
import type { TransactionData } from '@mysten/sui/transactions';
import { normalizeSuiAddress } from '@mysten/sui/utils';
import type { PartialMessage } from '@protobuf-ts/runtime';
import type { CommittedTransaction } from '../ledger/checkpoints.js';
import type { Effects } from '../ledger/effects.js';
import { eventsBcs } from '../ledger/events.js';
import type { EmittedEvent } from '../move/context.js';
import type { ReadMask } from '../read-mask.js';
import { balanceChanges, renderEffects } from './render-effects.js';
import { renderEvent } from './render-event.js';
import { renderObject } from './render-object.js';
import { timestamp } from './timestamp.js';
import { renderTransactionData } from './transaction-proto.js';

/** A transaction that ran, on the ledger or in a simulation. */
export interface RanTransaction {
  readonly digest: string;
  readonly data: TransactionData | undefined;
  /** Empty where there are none: genesis, or a simulation. */
  readonly bytes: Uint8Array;
  readonly signatures: readonly Uint8Array[];
  readonly effects: Effects;
  readonly events: readonly EmittedEvent[];
}

/** What a read of transactions gives where the client named no fields. */
export const DEFAULT_TRANSACTION_FIELDS: readonly string[] = ['digest'];

/** A transaction's own part: what was sent. */
function renderSent(ran: RanTransaction): PartialMessage<GrpcTypes.Transaction> {
  const rendered = ran.data === undefined ? {} : renderTransactionData(ran.data);
  rendered.digest = ran.digest;
  if (ran.bytes.length > 0) rendered.bcs = { name: 'TransactionData', value: ran.bytes };
  return rendered;
}

function renderEvents(ran: RanTransaction): PartialMessage<GrpcTypes.TransactionEvents> {
  const sender = normalizeSuiAddress(ran.data?.sender ?? '0x0');
  const rendered: PartialMessage<GrpcTypes.TransactionEvents> = {
    bcs: { name: 'TransactionEvents', value: eventsBcs(ran.events, sender) },
    events: ran.events.map((event) => renderEvent(event, sender)),
  };
  if (ran.effects.eventsDigest !== undefined) rendered.digest = ran.effects.eventsDigest;
  return rendered;
}

/**
 * A transaction with the fields that a mask wants; the costly ones are made only then.
 * @param prefix where the transaction stands in the message that the mask is for
 */
export function renderRan<Message extends object>(
  ran: RanTransaction,
  mask: ReadMask<Message>,
  prefix = '',
): PartialMessage<GrpcTypes.ExecutedTransaction> {
  const wants = (name: string): boolean => mask.wants(`${prefix}${name}`);
  const rendered: PartialMessage<GrpcTypes.ExecutedTransaction> = { digest: ran.digest };
  if (wants('transaction')) rendered.transaction = renderSent(ran);
  if (wants('signatures')) {
    rendered.signatures = ran.signatures.map((value) => ({ bcs: { name: 'UserSignature', value } }));
  }
  if (wants('effects')) rendered.effects = renderEffects(ran.effects);
  if (wants('events') && ran.events.length > 0) rendered.events = renderEvents(ran);
  if (wants('balance_changes')) rendered.balanceChanges = balanceChanges(ran.effects);
  if (wants('objects')) {
    const objects = ran.effects.changes.flatMap(({ input, output }) => [input ?? [], output ?? []].flat());
    rendered.objects = { objects: objects.map(renderObject) };
  }
  return rendered;
}

/** As {@link renderRan}, with the place in the ledger. */
export function renderCommitted<Message extends object>(
  committed: CommittedTransaction,
  mask: ReadMask<Message>,
  prefix = '',
): PartialMessage<GrpcTypes.ExecutedTransaction> {
  return {
    ...renderRan(committed, mask, prefix),
    checkpoint: committed.checkpoint,
    timestamp: timestamp(committed.timestampMs),
    transactionIndex: BigInt(committed.index),
  };
}
