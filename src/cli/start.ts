import type { Command } from 'commander';
import type { Logger } from 'pino';
import { loadConfig } from '../config/index.js';
import { AtomaNode } from '../node/index.js';
import type { GpuChoice } from '../workers/index.js';
import { addConfigOptions, type ConfigFlags, pathsOf } from './config-flags.js';
import { EXIT, exitCodeOf, reportError, writeLine } from './exit.js';
import { gpuOption } from './gpu-flag.js';
import { LoadProgressReport } from './load-progress.js';
import { lockDir } from './lock-dir.js';
import { createLogger } from './logger.js';

interface StartFlags extends ConfigFlags {
  readonly acceptGap?: boolean;
  readonly insecure?: boolean;
  readonly json?: boolean;
  readonly grace: string;
  readonly gpu: GpuChoice;
}

/** Adds `start`, the default command. */
export function addStart(program: Command, env: NodeJS.ProcessEnv): void {
  addConfigOptions(program.command('start', { isDefault: true }).description('run the node'))
    .option('--grace <seconds>', 'time for what runs when the node is asked to stop', '10')
    .option(
      '--accept-gap',
      "go on where the chain's endpoint no longer has events that this node has not read; tickets among them are lost",
    )
    .option(
      '--insecure',
      'listen beyond this machine although there is no API key: everybody who reaches the node may use it',
    )
    .addOption(gpuOption())
    .option('--json', 'NDJSON on stdout: listening, ready, stopped')
    .action(async (flags: StartFlags, command: Command) => {
      const { modelConfigPath, suiSubscriberPath, atomaSuiClientConfigPath, configPath } = flags;
      if (!modelConfigPath && !suiSubscriberPath && !atomaSuiClientConfigPath && !configPath) {
        return program.help();
      }
      const graceMs = Number(flags.grace) * 1000;
      if (!(graceMs >= 0)) command.error(`error: --grace is ${flags.grace}, wanted seconds ≥ 0`);
      process.exitCode = await start(flags, graceMs, createLogger(env['LOG_LEVEL']));
    });
}

/** Runs a node until a signal or a fatal fault ends it; a second signal ends the process at once. */
async function start(flags: StartFlags, graceMs: number, logger: Logger): Promise<number> {
  const say = flags.json ? writeLine : () => undefined;
  let node: AtomaNode | undefined;
  const ended = endOfRun();
  const progress = new LoadProgressReport({ logger, terminal: process.stderr.isTTY });
  try {
    const config = await loadConfig(pathsOf(flags));
    node = await AtomaNode.create(
      config,
      {
        acceptGap: flags.acceptGap ?? false,
        insecure: flags.insecure ?? false,
        lockDir: lockDir(),
        gpu: flags.gpu,
      },
      { logger },
    );
    const url = await node.listen();
    logger.info({ url }, 'RPC listens');
    say({ type: 'listening', url });
    const starting = node.start({ onProgress: progress.update, onFatal: ended.fail });
    await Promise.race([starting, ended.promise]);
    if (!ended.isOver()) {
      progress.stop();
      const models = node.listModels().map(({ name }) => name);
      logger.info({ models }, 'ready');
      say({ type: 'ready', url, models });
    }
    await ended.promise;
    await node.stop(graceMs);
    logger.info('stopped');
    say({ type: 'stopped' });
    return EXIT.done;
  } catch (error) {
    progress.stop();
    reportError(error);
    await node?.stop(0);
    return exitCodeOf(error);
  }
}

interface EndOfRun {
  /** Resolves at the first signal, rejects at a fatal fault. */
  readonly promise: Promise<void>;
  readonly fail: (error: unknown) => void;
  isOver(): boolean;
}

function endOfRun(): EndOfRun {
  let over = false;
  let fail: (error: unknown) => void = () => undefined;
  const promise = new Promise<void>((resolve, reject) => {
    const onSignal = (): void => {
      if (over) process.exit(EXIT.interrupted);
      over = true;
      resolve();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    fail = (error) => {
      over = true;
      reject(error);
    };
  });
  promise.catch(() => undefined);
  return { promise, fail, isOver: () => over };
}
