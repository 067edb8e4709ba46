import type { EventName } from '../../chain/index.js';
import type { TransactionContext } from '../move/context.js';
import { renderJson } from './json.js';
import type { ContractIds } from './names.js';

/** Emits an event of the contract. */
export function emitEvent(
  context: TransactionContext,
  ids: ContractIds,
  name: EventName,
  event: { toBytes(): Uint8Array; parse(): unknown },
): void {
  context.emit(`${ids.packageId}::${name}`, event.toBytes(), renderJson(event.parse()));
}
