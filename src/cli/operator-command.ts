import { type Command, InvalidArgumentError } from 'commander';
import type { SuiOperator } from '../chain/index.js';
import { type ConfigPaths, loadRegisteredConfig, type RegisteredConfig } from '../config/index.js';
import { openOperator } from '../node/index.js';
import { addConfigOptions, type ConfigFlags, pathsOf } from './config-flags.js';
import { EXIT, exitCodeOf, reportError } from './exit.js';
import { createLogger } from './logger.js';

/** The flags of every command that sends a transaction. */
export interface OperatorFlags extends ConfigFlags {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const HELP = `
Shows what it will do and what it costs, by a simulation on the chain, and asks before it sends anything. Without
a terminal to ask on it needs --yes. The model configuration may be left out.
Exit codes: 0 done, 1 refused or failed, 2 bad usage or configuration, 130 interrupted.`;

/** Adds the flags and the help that all commands share that send a transaction. */
export function addOperatorOptions(command: Command, help = ''): Command {
  return addConfigOptions(command)
    .option('--yes', 'do not ask')
    .option('--dry-run', 'show what would be done, and stop')
    .option('--json', 'NDJSON on stdout: the preview and the transaction')
    .addHelpText('after', `${help}${HELP}`);
}

/** Runs a command and sets the process's exit code from how it ended. */
export function ending<Args extends unknown[]>(
  run: (...args: Args) => Promise<number>,
): (...args: Args) => Promise<void> {
  return async (...args) => {
    process.once('SIGINT', () => process.exit(EXIT.interrupted));
    process.exitCode = await run(...args).catch((error: unknown) => {
      reportError(error);
      return exitCodeOf(error);
    });
  };
}

/** @throws InvalidArgumentError where nobody can be asked, before anything else is done */
export function requireAnswer(name: string, { yes, dryRun }: OperatorFlags): void {
  if (yes || dryRun || process.stdin.isTTY) return;
  throw new InvalidArgumentError(
    `${name} asks on a terminal; without one it needs --yes, or --dry-run to see what it would do`,
  );
}

/** What a command of a registered node works with. */
export interface OperatorSession {
  readonly config: RegisteredConfig;
  readonly paths: ConfigPaths;
  readonly operator: SuiOperator;
}

/**
 * Connects as the operator of the node that the flags name, for as long as `work` takes.
 * @throws ConfigError; what connecting throws
 */
export async function withOperator<T>(
  flags: ConfigFlags,
  env: NodeJS.ProcessEnv,
  work: (session: OperatorSession) => Promise<T>,
): Promise<T> {
  const paths = pathsOf(flags);
  const config = await loadRegisteredConfig(paths);
  const operator = await openOperator(config.chain, { logger: createLogger(env['LOG_LEVEL'] ?? 'warn') });
  try {
    return await work({ config, paths, operator });
  } finally {
    operator.close();
  }
}
