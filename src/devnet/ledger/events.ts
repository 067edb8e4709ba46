import { bcs, TypeTagSerializer } from '@mysten/sui/bcs';
import type { EmittedEvent } from '../move/context.js';
import { digestOf } from './objects.js';

/** `sui_types::event::Event`. */
const EventLayout = bcs.struct('Event', {
  package_id: bcs.Address,
  transaction_module: bcs.string(),
  sender: bcs.Address,
  type_: bcs.StructTag,
  contents: bcs.byteVector(),
});
const TransactionEvents = bcs.vector(EventLayout);

/** The events of a transaction in BCS. */
export function eventsBcs(events: readonly EmittedEvent[], sender: string): Uint8Array {
  return TransactionEvents.serialize(
    events.map((event) => {
      const tag = TypeTagSerializer.parseFromStr(event.type, true);
      if (!('struct' in tag)) throw new TypeError(`${event.type} is no struct, and events are structs`);
      return {
        package_id: event.packageId,
        transaction_module: event.module,
        sender,
        type_: tag.struct,
        contents: event.bytes,
      };
    }),
  ).toBytes();
}

/** The digest of a transaction's events. */
export function eventsDigest(events: readonly EmittedEvent[], sender: string): string {
  return digestOf('TransactionEvents', eventsBcs(events, sender));
}
