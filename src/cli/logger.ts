import { type Logger, pino } from 'pino';
import { pinoPretty } from './pretty.js';

/** Levels that `LOG_LEVEL` may name. */
const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** Names under which a secret could come into a log line, at its top or one level below. */
const SECRET_NAMES = ['secretKey', 'apiKey', 'adminToken', 'authorization', 'secret', 'token', 'password'];
const REDACTED = [...SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), '*.key'];

/**
 * The log: on stderr, since stdout belongs to a command's output; readable on a terminal, JSON elsewhere.
 * @param level what `LOG_LEVEL` says; an unknown one counts as `info`
 */
export function createLogger(level: string | undefined): Logger {
  const known = LEVELS.find((name) => name === level) ?? 'info';
  const options = { level: known, base: null, redact: REDACTED };
  return pino(options, process.stderr.isTTY ? pinoPretty() : pino.destination({ fd: 2, sync: false }));
}
