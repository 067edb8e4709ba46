import { CommanderError } from 'commander';
import { z } from 'zod';
import { AtomaError, messageOf } from '../core/index.js';

/** Exit codes of every command. */
export const EXIT = { done: 0, failed: 1, badUsage: 2, interrupted: 130 } as const;

/**
 * What another try with the same files and the same node will not mend. A folder that cannot be used, a journal
 * of another badge and one of a newer node are among them; a damaged or busy journal and a full disk are not.
 */
const CONFIG_CODES =
  /^(invalid_config$|config_(unwritable|not_editable)$|wallet_(?!too_full$)|model_(not_|unsupported$|forbidden$|exists$|unsafe_path$)|device_not_found$|backend_unavailable$|insufficient_memory$|lock_unavailable$|cache_unwritable$|journal_(unwritable|foreign|newer)$|insecure_bind$|keys_file_|tls_(unreadable|invalid)$)/;

const FailedModels = z.array(z.object({ code: z.string() })).min(1);

/** The exit code that an error deserves: a bad configuration is bad usage, everything else a failure. */
export function exitCodeOf(error: unknown): number {
  const ofTheCaller = error instanceof CommanderError || (error instanceof AtomaError && isOfConfig(error));
  return ofTheCaller ? EXIT.badUsage : EXIT.failed;
}

/** Of several models that failed, each has to be one of these. */
function isOfConfig({ code, fields }: AtomaError): boolean {
  if (code !== 'no_model_loaded') return CONFIG_CODES.test(code);
  const failed = FailedModels.safeParse(fields['failed']);
  return failed.success && failed.data.every((model) => CONFIG_CODES.test(model.code));
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
