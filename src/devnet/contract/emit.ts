import { toBase64 } from '@mysten/sui/utils';
import type { EventName } from '../../chain/index.js';
import type { TransactionContext } from '../move/context.js';
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

/** A parsed BCS value as Sui's JSON shows it: `vector<u8>` in base64; u64 is a decimal string already. */
function renderJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return toBase64(value);
  if (Array.isArray(value)) return value.map(renderJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, renderJson(item)]));
}
