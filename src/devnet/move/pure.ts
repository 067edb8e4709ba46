import { MOVE_STDLIB, SUI_FRAMEWORK } from './addresses.js';
import type { MoveType, Primitive } from './types.js';

const SIZES_BYTES: Readonly<Record<Primitive, number>> = {
  address: 32,
  bool: 1,
  u8: 1,
  u16: 2,
  u32: 4,
  u64: 8,
  u128: 16,
  u256: 32,
};

const ID = `${SUI_FRAMEWORK}::object::ID`;
const OPTION = `${MOVE_STDLIB}::option::Option`;
const UTF8_STRING = `${MOVE_STDLIB}::string::String`;
const ASCII_STRING = `${MOVE_STDLIB}::ascii::String`;

/** Largest count that a BCS sequence may have, and longest ULEB128 that a u32 needs. */
const MAX_SEQUENCE = 0x7fff_ffff;
const MAX_ULEB_BYTES = 5;

/** Whether pure bytes may stand for this type: what a transaction can carry as an input. */
export function isPureType(type: MoveType): boolean {
  if (type.kind === 'primitive') return true;
  if (type.kind === 'vector') return isPureType(type.element);
  if (type.kind !== 'struct') return false;
  if (type.name === OPTION) return type.typeArguments.every(isPureType);
  return type.name === ID || type.name === UTF8_STRING || type.name === ASCII_STRING;
}

/** Whether the bytes are exactly one value of a pure type in BCS. */
export function isValidPure(bytes: Uint8Array, type: MoveType): boolean {
  return skip(bytes, 0, type) === bytes.length;
}

/** Where the value that starts at `at` ends; -1 where there is none. */
function skip(bytes: Uint8Array, at: number, type: MoveType): number {
  if (type.kind === 'primitive') return skipPrimitive(bytes, at, type.name);
  if (type.kind === 'vector') return skipSequence(bytes, at, type.element, MAX_SEQUENCE);
  if (type.kind !== 'struct') return -1;
  if (type.name === ID) return skipPrimitive(bytes, at, 'address');
  const [inner] = type.typeArguments;
  if (type.name === OPTION && inner !== undefined) return skipSequence(bytes, at, inner, 1);
  return skipString(bytes, at, type.name === ASCII_STRING);
}

function skipPrimitive(bytes: Uint8Array, at: number, name: Primitive): number {
  const end = at + SIZES_BYTES[name];
  if (end > bytes.length) return -1;
  return name === 'bool' && (bytes[at] ?? 2) > 1 ? -1 : end;
}

function skipSequence(bytes: Uint8Array, at: number, element: MoveType, most: number): number {
  const length = readLength(bytes, at);
  if (length === undefined || length.value > most) return -1;
  if (element.kind === 'primitive' && element.name !== 'bool') {
    const end = length.end + length.value * SIZES_BYTES[element.name];
    return end > bytes.length ? -1 : end;
  }
  let position = length.end;
  for (let index = 0; index < length.value && position >= 0; index++) {
    position = skip(bytes, position, element);
  }
  return position;
}

function skipString(bytes: Uint8Array, at: number, ascii: boolean): number {
  const length = readLength(bytes, at);
  if (length === undefined || length.end + length.value > bytes.length) return -1;
  const end = length.end + length.value;
  const text = bytes.subarray(length.end, end);
  if (ascii) return text.every((byte) => byte < 0x80) ? end : -1;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(text);
    return end;
  } catch {
    return -1;
  }
}

/** A ULEB128 count in its shortest form. */
function readLength(
  bytes: Uint8Array,
  at: number,
): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  for (let index = 0; index < MAX_ULEB_BYTES; index++) {
    const byte = bytes[at + index];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return index > 0 && byte === 0 ? undefined : { value, end: at + index + 1 };
  }
  return undefined;
}
