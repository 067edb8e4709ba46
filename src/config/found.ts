import { OverflowedInteger } from './toml-document.js';

/** Longer strings are cut: an error is one line. */
const SHOWN_CHARACTERS = 80;

/** Keys whose values never appear in an error. */
const SECRET_KEYS: ReadonlySet<PropertyKey> = new Set(['api_key', 'admin_token']);

/** A value as an error shows it, on one line and without secrets. */
export function describeFound(value: unknown, path: readonly PropertyKey[]): string {
  if (value === undefined) return 'nothing (the key is missing)';
  if (path.some((key) => SECRET_KEYS.has(key))) return describeSecret(value);
  if (typeof value === 'string') return describeString(value);
  if (typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean') return `${value}`;
  if (value instanceof OverflowedInteger) {
    return `${value.written} (beyond 64 bits with a sign: the TOML parser reads it as ${value.parsed})`;
  }
  return describeKind(value);
}

/** What to do about a value that still holds the text of a sample; empty for other values. */
export function placeholderHint(value: unknown): string {
  return isPlaceholder(value)
    ? ' (the placeholder of the sample was not replaced: put your own value here)'
    : '';
}

/** The seed's samples write <SOME_NAME>, or SOME_NAME where an address or an id goes. */
export function isPlaceholder(value: unknown): boolean {
  return typeof value === 'string' && (isBracketed(value) || /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/.test(value));
}

/** `<PATH_FOR_MODEL_STORAGE>` and the like. */
export function isBracketed(value: string): boolean {
  return /^<[^<>]*>$/.test(value.trim());
}

function describeSecret(value: unknown): string {
  if (typeof value === 'string') return `a string of ${value.length} characters`;
  return value instanceof OverflowedInteger ? 'a number' : describeKind(value);
}

function describeString(value: string): string {
  // A URL may carry a password.
  const safe = value.replace(/\/\/[^/\s]*@/, '//…@');
  if (safe.length <= SHOWN_CHARACTERS) return JSON.stringify(safe);
  return `${JSON.stringify(safe.slice(0, SHOWN_CHARACTERS))}… (${value.length} characters)`;
}

function describeKind(value: unknown): string {
  if (value instanceof Date) return 'a date';
  if (Array.isArray(value)) return `an array of ${value.length} element${value.length === 1 ? '' : 's'}`;
  if (typeof value === 'object') return 'a table';
  return typeof value === 'boolean' ? 'a boolean' : 'a number';
}
