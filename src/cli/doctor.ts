import type { Command } from 'commander';
import { loadConfig } from '../config/index.js';
import { type CheckResult, type DoctorSubject, doctor } from '../node/index.js';
import type { GpuChoice } from '../workers/index.js';
import { addConfigOptions, type ConfigFlags, pathsOf } from './config-flags.js';
import { countOf, doctorPage } from './doctor-page.js';
import { EXIT, exitCodeOf, reportError, writeLine } from './exit.js';
import { gpuOption } from './gpu-flag.js';
import { createLogger } from './logger.js';

interface DoctorFlags extends ConfigFlags {
  readonly json?: boolean;
  readonly gpu: GpuChoice;
}

const HELP = `
Examples:
  $ node dist/main.js doctor
      this machine alone: Node.js, GPUs, what runs models here

  $ node dist/main.js doctor --model-config-path config/model.toml \\
      --sui-subscriber-path config/sui-subscriber.toml \\
      --atoma-sui-client-config-path config/sui-client.toml
      all that a node with these files needs: folders, hub, models, wallet, chain, port

Changes nothing, and may run beside a node. Secrets are not shown: the output can be passed on.
Exit codes: 0 a node could start (there may be warnings), 1 it could not, 2 bad usage or configuration.`;

/** Adds `doctor`: what works and what does not, and what to do about it. */
export function addDoctor(program: Command, env: NodeJS.ProcessEnv): void {
  const command = program
    .command('doctor')
    .description('check everything that a node needs, and say what to do about what is wrong')
    .addOption(gpuOption())
    .option('--json', 'NDJSON on stdout: one line a check and a summary');
  addConfigOptions(command).action(async (flags: DoctorFlags) => {
    const code = await runDoctor(flags, env).catch((error: unknown) => {
      reportError(error);
      return exitCodeOf(error);
    });
    // What a check that ran out of time still waits for must not hold the command.
    process.stdout.write('', () => process.exit(code));
  });
  command.addHelpText('after', HELP);
}

async function runDoctor(flags: DoctorFlags, env: NodeJS.ProcessEnv): Promise<number> {
  process.once('SIGINT', () => process.exit(EXIT.interrupted));
  const subject = await subjectOf(flags);
  const progress = new Progress(process.stderr.isTTY && flags.json !== true);
  const results = await doctor(
    { subject, gpu: flags.gpu },
    {
      logger: createLogger(env['LOG_LEVEL'] ?? 'fatal'),
      onStart: progress.start,
      onDone: progress.done,
    },
  );
  progress.clear();
  const counts = countOf(results);
  if (flags.json) {
    for (const result of results) writeLine(lineOf(result));
    writeLine({ type: 'summary', checks: results.length, ...counts, can_start: counts.fail === 0 });
  } else {
    process.stdout.write(doctorPage(results, process.stdout.isTTY && process.stdout.hasColors()));
  }
  return counts.fail > 0 ? EXIT.failed : EXIT.done;
}

async function subjectOf(flags: DoctorFlags): Promise<DoctorSubject | undefined> {
  const paths = pathsOf(flags);
  if (Object.keys(paths).length === 0) return undefined;
  return { paths, config: await loadConfig(paths) };
}

function lineOf({ area, name, status, found, remedy }: CheckResult): Record<string, unknown> {
  return { type: 'check', area, name, status, found, remedy: remedy ?? null };
}

/** One line on a terminal that says how far it is; the page takes its place. */
class Progress {
  readonly #shown: boolean;
  #checks = 0;
  #done = 0;

  constructor(shown: boolean) {
    this.#shown = shown;
  }

  readonly start = (checks: number): void => {
    this.#checks = checks;
    this.#write();
  };

  readonly done = (): void => {
    this.#done++;
    this.#write();
  };

  clear(): void {
    if (this.#shown) process.stderr.write('\r\u001b[K');
  }

  #write(): void {
    if (this.#shown) process.stderr.write(`\r\u001b[K${this.#done} of ${this.#checks} checks done`);
  }
}
