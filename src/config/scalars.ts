import { z } from 'zod';
import { U64_MAX } from '../core/index.js';
import { isBracketed } from './found.js';
import { OverflowedInteger } from './toml-document.js';

/** TOML integers are signed: from here on an unsigned one has to be a string. */
const I64_MAX = 2n ** 63n - 1n;
/** Longest delay of a timer in Node (2^31 - 1 ms), in whole seconds. */
const MAX_TIMEOUT_SECS = 2_147_483;
const MAX_NANOS = 999_999_999;
const MAX_PORT = 65_535;
/** 64 bits even where only hexadecimal digits are used. */
const MIN_TOKEN_CHARACTERS = 16;
/** The branch that a repository of the hub has unless it says otherwise. */
export const DEFAULT_REVISION = 'main';

/** One value: what `read` refuses (undefined) is an error whose message is what was wanted. */
function leaf<Value>(
  wanted: string | ((value: unknown) => string),
  read: (value: unknown) => Value | undefined,
) {
  return z.unknown().transform((value, context): Value => {
    const result = read(value);
    if (result !== undefined) return result;
    const message = typeof wanted === 'string' ? wanted : wanted(value);
    context.issues.push({ code: 'custom', message, input: value });
    return z.NEVER;
  });
}

export const flag = leaf('true or false', (value) => (typeof value === 'boolean' ? value : undefined));

/** A string that says something: not empty, not the placeholder of a sample. */
export function text(what: string) {
  return leaf(`${what}, as a string`, (value) =>
    typeof value === 'string' && value.trim() !== '' && !isBracketed(value) ? value : undefined,
  );
}

/** As {@link text}, but empty stands for none. */
export const secret = leaf('a string (leave the key out where no model needs it)', (value) =>
  typeof value === 'string' && !isBracketed(value) ? { value } : undefined,
).transform(({ value }) => (value === '' ? undefined : value));

/** A revision of a repository; empty stands for its default branch. */
export const revision = leaf('a revision such as "main", as a string', (value) =>
  typeof value === 'string' && !isBracketed(value) ? value.trim() || DEFAULT_REVISION : undefined,
);

/** A whole number within both bounds. */
export function integer(what: string, low: number, high: number) {
  return leaf(`${what}, a whole number from ${low} to ${high}`, (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high ? value : undefined,
  );
}

/** A part of a whole. */
export function share(what: string) {
  return leaf(`${what}, a number from 0 to 1`, (value) =>
    typeof value === 'number' && value >= 0 && value <= 1 ? value : undefined,
  );
}

export const port = integer('a TCP port (0: any free one)', 0, MAX_PORT);

/** A Move `u64`: a TOML integer, or a string of decimal digits where that cannot hold it. */
export const u64 = leaf(wantedU64, readU64);

function readU64(value: unknown): bigint | undefined {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return undefined;
  // 20 digits hold 2^64: longer ones are not worth a conversion.
  if (typeof value === 'string' && !/^0*\d{1,20}$/.test(value)) return undefined;
  const number = BigInt(value);
  return number >= 0n && number <= U64_MAX ? number : undefined;
}

function wantedU64(value: unknown): string {
  const wanted = `a whole number from 0 to ${U64_MAX} (u64)`;
  if (value instanceof OverflowedInteger) {
    return value.written >= 0n && value.written <= U64_MAX
      ? `${wanted}: above ${I64_MAX} write it as a string, "${value.written}"`
      : wanted;
  }
  if (isNegative(value)) {
    return `${wanted}: the TOML parser reads integers above ${I64_MAX} as negative ones, write those as a string, "18446744073709551615"`;
  }
  return `${wanted}, as an integer or as a string of decimal digits`;
}

function isNegative(value: unknown): boolean {
  return (typeof value === 'number' || typeof value === 'bigint') && value < 0;
}

/** A Sui object id or address, with all its 64 digits and in lower case. */
export const objectId = leaf('an id of 0x and 1 to 64 hexadecimal digits, as a string', (value) => {
  if (typeof value !== 'string' || !/^0x[0-9a-f]{1,64}$/i.test(value)) return undefined;
  return `0x${value.slice(2).toLowerCase().padStart(64, '0')}`;
});

/** A URL of one of the schemes, as it was written. */
export function url(schemes: readonly [string, ...string[]]) {
  const wanted = `a URL that starts with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`;
  return leaf(wanted, (value) => {
    if (typeof value !== 'string' || !URL.canParse(value)) return undefined;
    const { protocol, hostname } = new URL(value);
    return schemes.includes(protocol.slice(0, -1)) && hostname !== '' ? value : undefined;
  });
}

/** A host name or an address to listen on: no scheme, no port. */
export const host = leaf('a host name or an IP address to listen on, without a port', (value) =>
  typeof value === 'string' &&
  (/^[\w.-]+$/.test(value) || /^[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*$/i.test(value))
    ? value
    : undefined,
);

/** A list of which every element is what `read` makes of it. */
function list(wanted: string, read: (value: unknown) => string | undefined) {
  return leaf(wanted, (value): readonly string[] | undefined => {
    if (!Array.isArray(value)) return undefined;
    const elements = value.map(read).filter((element) => element !== undefined);
    return elements.length === value.length ? elements : undefined;
  });
}

/** Origins as browsers write them: scheme, host, and the port where it is not the scheme's own. */
export const origins = list('an array of origins such as ["https://app.example"], without a path', (value) =>
  typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)
    ? [new URL(value).origin].find((origin) => origin === value.toLowerCase())
    : undefined,
);

/** Names that a node goes by, in lower case. */
export const hostNames = list(
  'an array of host names such as ["node.example"], without scheme and port',
  (value) => (typeof value === 'string' && /^[\w.-]+$/.test(value) ? value.toLowerCase() : undefined),
);

/** One GPU as a label: its index, or the UUID that NVIDIA's driver gives it or a part of it (MIG). */
function gpuLabel(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return String(value);
  return typeof value === 'string' && /^(GPU|MIG)-[0-9a-f-]+$/i.test(value) ? value : undefined;
}

/** Where a model runs, as one label a replica; two labels are never the same. */
export const devices = leaf(
  'a device: the index of a GPU (0, 1, …), its UUID ("GPU-…"), a list of those that are all different, or "cpu"',
  (value): readonly string[] | undefined => {
    if (value === 'cpu') return [value];
    const labels = (Array.isArray(value) ? value : [value]).map(gpuLabel);
    const known = labels.filter((label) => label !== undefined);
    return known.length > 0 && new Set(known).size === labels.length ? known : undefined;
  },
);

/** One of the words. */
export function word<Word extends string>(words: readonly [Word, ...Word[]]) {
  return leaf(`one of ${words.map((known) => `"${known}"`).join(', ')}`, (value) =>
    words.find((known) => known === value),
  );
}

/** A secret that guards something: long enough not to be guessed. */
export const token = leaf(
  `a string of at least ${MIN_TOKEN_CHARACTERS} characters (openssl rand -hex 32 makes one)`,
  (value) =>
    typeof value === 'string' &&
    value.length >= MIN_TOKEN_CHARACTERS &&
    !isBracketed(value) &&
    !/\s/.test(value)
      ? value
      : undefined,
);

export const timeoutSecs = integer('seconds', 0, MAX_TIMEOUT_SECS);
export const timeoutNanos = integer('nanoseconds', 0, MAX_NANOS);
