import { CommanderError } from 'commander';
import { AtomaError, messageOf } from '../core/index.js';

/** Exit codes of every command. */
export const EXIT = { done: 0, failed: 1, badUsage: 2, interrupted: 130 } as const;

const CONFIG_CODES = /^(invalid_config|wallet_|model_not_)/;

/** The exit code that an error deserves: a bad configuration is bad usage, everything else a failure. */
export function exitCodeOf(error: unknown): number {
  const ofTheCaller =
    error instanceof CommanderError || (error instanceof AtomaError && CONFIG_CODES.test(error.code));
  return ofTheCaller ? EXIT.badUsage : EXIT.failed;
}

/** Writes an error to stderr. */
export function reportError(error: unknown): void {
  process.stderr.write(`error: ${messageOf(error)}\n`);
}

/** One NDJSON line on stdout; u64 are decimal strings. */
export function writeLine(record: Readonly<Record<string, unknown>>): void {
  process.stdout.write(
    `${JSON.stringify(record, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))}\n`,
  );
}
