import type { Command } from 'commander';
import { AtomaError } from '../core/index.js';
import { runOnce } from '../node/index.js';
import { EXIT, exitCodeOf, reportError } from './exit.js';
import { addGenerateOptions, type GenerateFlags, paramsOf } from './generate-flags.js';
import { modelChoice } from './generate-model.js';
import { type AnswerOutput, JsonAnswer, TextAnswer } from './generate-output.js';
import { interruption } from './interruption.js';
import { LoadProgressReport } from './load-progress.js';
import { createLogger } from './logger.js';
import { openModels } from './model-flags.js';
import { promptFrom } from './prompt-input.js';

/** What the caller has to put right, beside what is wrong with a configuration. */
const CALLERS_CODES = /^(invalid_params|prompt_too_long|chat_template_missing)$/;
const HELP = `
MODEL is a short name of the network, owner/name or owner/name:file of a hub, or a path (./folder, file.gguf);
with a configuration, also the name of a model in it. PROMPT "-" reads stdin. Weights that are not here yet are
downloaded, to where the hub's own tools keep theirs or to the configuration's cache_dir.

Examples:
  $ node dist/main.js generate ./models/atoma-tiny 'What is the capital of Peru?' --chat
  $ node dist/main.js generate ./models/atoma-tiny 'Once upon a time' --temperature 0.8 --seed 7 --json
  $ node dist/main.js generate Xenova/TinyLlama-1.1B-Chat-v1.0 - --backend wasm < prompt.txt
  $ node dist/main.js generate atoma-tiny 'Hello' --config-path config/atoma-node.toml

The answer goes to stdout, everything else to stderr.
Exit codes: 0 done, 1 failed, 2 bad usage, model or prompt, 130 interrupted.`;

/** Adds `generate`: one prompt on one model, without a node or a chain. */
export function addGenerate(program: Command, env: NodeJS.ProcessEnv): void {
  const command = program
    .command('generate')
    .description('run one prompt on one model, without a node or a chain')
    .argument('<model>', 'name, repository or path')
    .argument('<prompt>', 'text, or - for stdin');
  addGenerateOptions(command).action(async (model: string, prompt: string, flags: GenerateFlags) => {
    const code = await generate(model, prompt, flags, env);
    // A look at the hardware that was interrupted must not hold the command.
    process.stdout.write('', () => process.exit(code));
  });
  command.addHelpText('after', HELP);
}

async function generate(
  name: string,
  argument: string,
  flags: GenerateFlags,
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const stop = interruption();
  try {
    await answer(name, argument, flags, env, stop);
    return EXIT.done;
  } catch (error) {
    if (stop.aborted) return EXIT.interrupted;
    reportError(error);
    const ofTheCaller = error instanceof AtomaError && CALLERS_CODES.test(error.code);
    return ofTheCaller ? EXIT.badUsage : exitCodeOf(error);
  }
}

async function answer(
  name: string,
  argument: string,
  flags: GenerateFlags,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<void> {
  const logger = createLogger(env['LOG_LEVEL'] ?? 'fatal');
  const opened = await openModels(flags, env, logger);
  const output: AnswerOutput = flags.json ? new JsonAnswer() : new TextAnswer();
  const progress = new LoadProgressReport({ logger, terminal: process.stderr.isTTY });
  const choice = modelChoice(name, flags, opened);
  const params = paramsOf(flags, name, await promptFrom(argument, signal));
  try {
    const { completion, model } = await runOnce(
      { ...choice, gpu: flags.gpu, chat: flags.chat ?? false, params },
      {
        store: opened.store,
        logger,
        signal,
        onWarning: (sentence) => void process.stderr.write(`warning: ${sentence}\n`),
        onProgress: progress.update,
        onLoaded: () => progress.stop(),
        onTokens: (frame) => output.onTokens(frame),
      },
    );
    output.end(completion, model, params.randomSeed);
  } finally {
    progress.stop();
    await opened.store.close();
  }
}
