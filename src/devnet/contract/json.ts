import { toBase64 } from '@mysten/sui/utils';

/** A parsed BCS value as Sui's JSON shows it: `vector<u8>` in base64; u64 is a decimal string already. */
export function renderJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return toBase64(value);
  if (Array.isArray(value)) return value.map(renderJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, renderJson(item)]));
}
