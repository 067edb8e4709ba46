import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { type InferenceConfig, loadInferenceConfig } from '../config/index.js';
import type { GpuChoice } from '../workers/index.js';
import { type ConfigFlags, pathsOf } from './config-flags.js';
import { EXIT, exitCodeOf, reportError } from './exit.js';
import { gpuOption } from './gpu-flag.js';
import { interruption } from './interruption.js';
import { LoadProgressReport } from './load-progress.js';
import { createLogger } from './logger.js';
import { positiveOf } from './numbers.js';
import { partsOf } from './rehearsal/cast.js';
import { rehearsal } from './rehearsal/rehearsal.js';
import { JsonReport, type RehearsalResult } from './rehearsal/report.js';
import type { StageOptions } from './rehearsal/stage.js';
import { TextReport } from './rehearsal/text-report.js';

interface RehearseFlags extends Pick<ConfigFlags, 'modelConfigPath' | 'configPath'> {
  readonly prompts: string;
  readonly maxTokens: string;
  readonly model?: string;
  readonly honest?: boolean;
  readonly json?: boolean;
  readonly gpu: GpuChoice;
}

/** After a signal, what does not end by itself is cut off, ms: a token or two of a large model, and its process. */
const CUT_OFF_MS = 5000;

const HELP = `
Three nodes with your model, each with a badge, wallet and journal of its own, answer every prompt on a dev chain in
this process; the third commits to something else than its model said. Each of its tickets goes to dispute, and an
oracle, a fourth node, runs the prompt again and settles it. The model is loaded once, with your [pool]; each node
runs each prompt for itself, so that your model has to give the same bits at several places of its batches. Nothing
is sent anywhere but for downloads of the model, no funds are needed, and nothing is left behind but those.

All nodes share this machine: one node alone answers in about a third of the time. That they agree here does not
prove that they always do; the verdict beside the model, measured bit by bit when it is loaded, says more.

Examples:
  $ node dist/main.js rehearse --model-config-path config/model.toml
  $ node dist/main.js rehearse --config-path node.toml --model llama --prompts 20 --max-tokens 256
  $ node dist/main.js rehearse --model-config-path config/model.toml --honest --json

Exit codes: 0 all went as it must: the honest nodes agreed and were paid, exactly the liar lost its collateral;
1 something did not, and it is said what; 2 bad usage or configuration, 130 interrupted.`;

/** Adds `rehearse`: the operator's model in a quorum with a liar, without funds. */
export function addRehearse(program: Command, env: NodeJS.ProcessEnv): void {
  program
    .command('rehearse')
    .description('try your model in a quorum of three, one of them lying, on a dev chain: no funds needed')
    .option('--model-config-path <file>', 'models and devices (TOML)')
    .option('--config-path <file>', 'one file with the table [inference]; those of the chain are not used')
    .option('--model <name>', 'which model; the first of the configuration where it is not given')
    .option('--prompts <n>', 'how many prompts', '6')
    .option('--max-tokens <n>', 'longest answer, in tokens', '64')
    .option('--honest', 'nobody lies')
    .addOption(gpuOption())
    .option('--json', 'NDJSON on stdout: models, stage, tickets, nodes, problems and a summary')
    .action(async (flags: RehearseFlags) => {
      const code = await rehearse(flags, env);
      // A look at the hardware that was interrupted must not hold the command.
      process.stdout.write('', () => process.exit(code));
    })
    .addHelpText('after', HELP);
}

async function rehearse(flags: RehearseFlags, env: NodeJS.ProcessEnv): Promise<number> {
  const interrupted = interruption(CUT_OFF_MS);
  const closing: (() => Promise<void>)[] = [];
  try {
    const result = await perform(flags, { env, interrupted, closing });
    return result.problems.length === 0 ? EXIT.done : EXIT.failed;
  } catch (error) {
    if (interrupted.aborted) return EXIT.interrupted;
    reportError(error);
    return exitCodeOf(error);
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly interrupted: AbortSignal;
  readonly closing: (() => Promise<void>)[];
}

async function perform(
  flags: RehearseFlags,
  { env, interrupted, closing }: Surroundings,
): Promise<RehearsalResult> {
  const prompts = positiveOf('--prompts', flags.prompts);
  const maxTokens = BigInt(positiveOf('--max-tokens', flags.maxTokens));
  const inference = await loadInferenceConfig(pathsOf(flags));
  const { honest = false, gpu, json = false } = flags;
  const chosen = chooseModel(inference, flags.model);
  const progress = new LoadProgressReport({
    logger: createLogger(env['LOG_LEVEL'] ?? 'info'),
    terminal: process.stderr.isTTY,
  });
  closing.push(async () => progress.stop());
  return await rehearsal(
    { ...chosen, parts: partsOf({ honest }), gpu, prompts, maxTokens, dir: await temporaryFolder(closing) },
    {
      report: json ? new JsonReport() : new TextReport({ prompts }),
      logger: createLogger(env['LOG_LEVEL'] ?? 'warn'),
      nodeLogger: createLogger(env['LOG_LEVEL'] ?? 'silent'),
      signal: interrupted,
      onProgress: progress.update,
      onLoaded: () => progress.stop(),
    },
    closing,
  );
}

/** The model's entries alone: one a device. */
function chooseModel(
  inference: InferenceConfig,
  name: string | undefined,
): Pick<StageOptions, 'inference' | 'model'> {
  const wanted = name ?? inference.models[0]?.name;
  const models = inference.models.filter((model) => model.name === wanted);
  const [model] = models;
  if (model !== undefined) return { model, inference: { ...inference, models } };
  const names = [...new Set(inference.models.map((other) => other.name))].join(', ');
  throw new InvalidArgumentError(`--model is ${JSON.stringify(name)}, and the configuration has ${names}`);
}

/** Removed in the end, also where the process is cut off. */
async function temporaryFolder(closing: Surroundings['closing']): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'atoma-rehearsal-'));
  const remove = (): void => rmSync(dir, { recursive: true, force: true });
  process.once('exit', remove);
  closing.push(async () => remove());
  return dir;
}
