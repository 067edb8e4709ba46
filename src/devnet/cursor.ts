import type { Position } from './ledger/position.js';
import { invalidArgument } from './status.js';

/** 8 bytes for the checkpoint, 4 for the transaction, 4 for the event. */
const CURSOR_BYTES = 16;
const HALF_BITS = 64n;

/** A place in the ledger as the opaque bytes that clients keep: big-endian, so that their order is the ledger's. */
export function encodeCursor(position: Position): Uint8Array {
  const bytes = new Uint8Array(CURSOR_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt.asUintN(64, position >> HALF_BITS));
  view.setBigUint64(8, BigInt.asUintN(64, position));
  return bytes;
}

/** @throws RpcFailure `INVALID_ARGUMENT` for bytes that are no cursor of this chain */
export function decodeCursor(bytes: Uint8Array): Position {
  if (bytes.length !== CURSOR_BYTES) {
    throw invalidArgument(`a cursor has ${CURSOR_BYTES} bytes on this chain, found ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return (view.getBigUint64(0) << HALF_BITS) | view.getBigUint64(8);
}
