import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { loadInferenceConfig } from '../config/index.js';
import { KeyName, SCOPES, type Scope } from '../rpc/index.js';
import { addConfigOptions, type ConfigFlags, pathsOf } from './config-flags.js';

/** The flags that name the file with the keys. */
export interface KeysFileFlags extends ConfigFlags {
  readonly keysFile?: string;
  readonly json?: boolean;
}

/** Milliseconds of each unit that `--expires` takes. */
const UNIT_MS: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
/** A hundred years: what is meant to stand longer has no expiry. */
const MAX_EXPIRY_MS = 36_525 * 86_400_000;
/** As the file takes them. */
const MAX_PER_MINUTE = 1_000_000_000;

/** Adds the flags that name the file: those of a node, or its path. */
export function addKeysFileOptions(command: Command): Command {
  return addConfigOptions(command).option(
    '--keys-file <file>',
    "the file itself, where it is not to be the node's (rpc.keys_file)",
  );
}

/** @throws ConfigError */
export async function keysFileOf(flags: KeysFileFlags): Promise<string> {
  if (flags.keysFile !== undefined) return resolve(flags.keysFile);
  return (await loadInferenceConfig(pathsOf(flags))).rpc.keysFile;
}

/** `generate,read` */
export function parseScopes(text: string): readonly Scope[] {
  const scopes = text.split(',').map((word) => SCOPES.find((scope) => scope === word.trim()));
  const known = scopes.filter((scope) => scope !== undefined);
  if (known.length === scopes.length) return SCOPES.filter((scope) => known.includes(scope));
  throw new InvalidArgumentError(`Wanted any of ${SCOPES.join(', ')}, with commas between.`);
}

/** A number of requests or tokens a minute. */
export function parseRate(text: string): number {
  const rate = Number(text);
  if (/^\d+$/.test(text) && rate >= 1 && rate <= MAX_PER_MINUTE) return rate;
  throw new InvalidArgumentError(`Wanted a whole number from 1 to ${MAX_PER_MINUTE}.`);
}

/** `90m`, `12h`, `30d` or `8w` from now, in ms. */
export function parseExpiry(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,9})([mhdw])$/.exec(text) ?? [];
  const ms = Number(count) * (UNIT_MS[unit] ?? Number.NaN);
  if (ms > 0 && ms <= MAX_EXPIRY_MS) return ms;
  throw new InvalidArgumentError('Wanted a time such as 90m, 12h, 30d or 8w.');
}

export function parseKeyName(text: string): string {
  const name = KeyName.safeParse(text);
  if (name.success) return name.data;
  throw new InvalidArgumentError(name.error.issues[0]?.message ?? '');
}
