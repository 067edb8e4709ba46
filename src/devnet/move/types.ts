import { normalizeSuiAddress } from '@mysten/sui/utils';
import { AtomaError } from '../../core/index.js';
import { SUI_FRAMEWORK } from './addresses.js';

const PRIMITIVES = ['address', 'bool', 'u8', 'u16', 'u32', 'u64', 'u128', 'u256'] as const;
export type Primitive = (typeof PRIMITIVES)[number];

export type MoveType =
  | { readonly kind: 'primitive'; readonly name: Primitive }
  | { readonly kind: 'vector'; readonly element: MoveType }
  | { readonly kind: 'struct'; readonly name: string; readonly typeArguments: readonly MoveType[] }
  | { readonly kind: 'parameter'; readonly index: number };

/** A parameter of a function: by value, `&` or `&mut`. */
export interface Parameter {
  readonly reference: 'none' | 'immutable' | 'mutable';
  readonly type: MoveType;
}

/** Splits `A, B<C, D>` at its outer commas. */
function splitArguments(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '<') depth++;
    else if (character === '>') depth--;
    else if (character === ',' && depth === 0) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts.map((part) => part.trim());
}

/**
 * Reads a Move type such as `vector<u8>`, `0x2::coin::Coin<T0>` or `0x1::option::Option<u64>`.
 * @throws AtomaError `invalid_type`
 */
export function parseType(text: string): MoveType {
  const primitive = PRIMITIVES.find((name) => name === text);
  if (primitive !== undefined) return { kind: 'primitive', name: primitive };
  const parameter = /^T(\d+)$/.exec(text)?.[1];
  if (parameter !== undefined) return { kind: 'parameter', index: Number(parameter) };
  const open = text.indexOf('<');
  const base = open < 0 ? text : text.slice(0, open);
  if (open >= 0 && !text.endsWith('>')) throw invalidType(text);
  const inner = open < 0 ? [] : splitArguments(text.slice(open + 1, -1)).map(parseType);
  const [element] = inner;
  if (base === 'vector' && element !== undefined && inner.length === 1) return { kind: 'vector', element };
  const path = /^(0x[0-9a-fA-F]{1,64})::([A-Za-z_]\w*)::([A-Za-z_]\w*)$/.exec(base);
  const [, address, module, name] = path ?? [];
  if (address === undefined) throw invalidType(text);
  return {
    kind: 'struct',
    name: `${normalizeSuiAddress(address)}::${module}::${name}`,
    typeArguments: inner,
  };
}

function invalidType(text: string): AtomaError {
  return new AtomaError(
    'invalid_type',
    `'${text}' is no Move type; wanted a form such as u64, vector<u8> or 0x2::coin::Coin<0x2::sui::SUI>`,
  );
}

/** Reads a parameter: a type with `&` or `&mut ` before it, or without. */
export function parseParameter(text: string): Parameter {
  if (text.startsWith('&mut ')) return { reference: 'mutable', type: parseType(text.slice(5)) };
  if (text.startsWith('&')) return { reference: 'immutable', type: parseType(text.slice(1)) };
  return { reference: 'none', type: parseType(text) };
}

/** The canonical text of a type, its parameters filled in. */
export function formatType(type: MoveType, typeArguments: readonly string[] = []): string {
  switch (type.kind) {
    case 'primitive':
      return type.name;
    case 'vector':
      return `vector<${formatType(type.element, typeArguments)}>`;
    case 'parameter':
      return typeArguments[type.index] ?? `T${type.index}`;
    case 'struct': {
      const inner = type.typeArguments.map((argument) => formatType(argument, typeArguments)).join(',');
      return inner === '' ? type.name : `${type.name}<${inner}>`;
    }
  }
}

/** Canonical text of a type that came from outside. */
export function canonicalType(text: string): string {
  return formatType(parseType(text.replaceAll(' ', '')));
}

const COIN_PREFIX = `${SUI_FRAMEWORK}::coin::Coin<`;

/** `0x2::coin::Coin<T>` for T. */
export function coinOf(coinType: string): string {
  return `${COIN_PREFIX}${coinType}>`;
}

/** T, where the type is `0x2::coin::Coin<T>` in canonical form. */
export function coinTypeOf(type: string): string | undefined {
  return type.startsWith(COIN_PREFIX) ? type.slice(COIN_PREFIX.length, -1) : undefined;
}

/** Whether a type is what a filter asks for: the same, or any instantiation of a filter without arguments. */
export function matchesType(type: string, filter: string): boolean {
  return type === filter || (!filter.includes('<') && type.startsWith(`${filter}<`));
}
