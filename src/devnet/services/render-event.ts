import type { GrpcTypes } from '@mysten/sui/grpc';
import type { PartialMessage } from '@protobuf-ts/runtime';
import type { LedgerEvent } from '../ledger/checkpoints.js';
import type { EmittedEvent } from '../move/context.js';
import { toValue } from './json-value.js';

/** An event as it stands in its transaction, without its place in the ledger. */
export function renderEvent(
  event: EmittedEvent,
  sender: string,
  withJson = true,
): PartialMessage<GrpcTypes.Event> {
  const rendered: PartialMessage<GrpcTypes.Event> = {
    packageId: event.packageId,
    module: event.module,
    sender,
    eventType: event.type,
    contents: { name: event.type, value: event.bytes },
  };
  const json = withJson ? toValue(event.json) : undefined;
  if (json !== undefined) rendered.json = json;
  return rendered;
}

/** An event with its place in the ledger, as streams and lists carry it. */
export function renderLedgerEvent(event: LedgerEvent, withJson: boolean): PartialMessage<GrpcTypes.Event> {
  return {
    ...renderEvent(event, event.sender, withJson),
    checkpoint: event.checkpoint,
    transactionDigest: event.transactionDigest,
    transactionIndex: BigInt(event.transactionIndex),
    eventIndex: event.eventIndex,
  };
}
