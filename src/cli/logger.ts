import { type Logger, pino } from 'pino';
import { AtomaError } from '../core/index.js';
import { pinoPretty } from './pretty.js';

/** Levels that `LOG_LEVEL` may name, from the fewest lines to the most. */
const LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
const DEFAULT_LEVEL = 'info';

/** Names under which a secret could come into a log line, at its top or one level below. */
const SECRET_NAMES = ['secretKey', 'apiKey', 'adminToken', 'authorization', 'secret', 'token', 'password'];
const REDACTED = [...SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), '*.key'];

/**
 * The log: on stderr, since stdout belongs to a command's output; readable on a terminal, a JSON object a line
 * elsewhere.
 * @param level what `LOG_LEVEL` says, in capitals or not; `info` where it says nothing
 * @throws AtomaError `invalid_config` for a level that does not exist
 */
export function createLogger(level: string | undefined): Logger {
  const options = {
    level: levelOf(level),
    // Whose process it is, the operator's service manager knows.
    base: null,
    redact: REDACTED,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(options, process.stderr.isTTY ? pinoPretty() : pino.destination({ fd: 2, sync: false }));
}

/**
 * Refuses a `LOG_LEVEL` that does not exist.
 * @throws AtomaError `invalid_config`
 */
export function checkLogLevel(level: string | undefined): void {
  levelOf(level);
}

function levelOf(level: string | undefined): (typeof LEVELS)[number] {
  if (level === undefined || level === '') return DEFAULT_LEVEL;
  const known = LEVELS.find((name) => name === level.toLowerCase());
  if (known !== undefined) return known;
  throw new AtomaError('invalid_config', `LOG_LEVEL is ${level}, wanted one of ${LEVELS.join(', ')}`);
}
