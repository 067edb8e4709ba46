import type { Command } from 'commander';
import { Option } from 'commander';
import { AtomaError } from '../core/index.js';
import { type Evidence, readEvidence, readEvidenceFile, type Verification, verify } from '../node/index.js';
import { addConfigOptions } from './config-flags.js';
import { chainConfigOf } from './evidence.js';
import { EXIT, exitCodeOf, reportError, writeLine } from './exit.js';
import { modelChoice } from './generate-model.js';
import { gpuOption } from './gpu-flag.js';
import { interruption } from './interruption.js';
import { LoadProgressReport } from './load-progress.js';
import { createLogger } from './logger.js';
import { openModels } from './model-flags.js';
import { checkMode, type VerifyFlags } from './verify-flags.js';
import { checkHashes } from './verify-hashes.js';
import { verificationLine, verificationText } from './verify-report.js';

const HELP = `
Three ways:
  --ticket ID        a ticket of this node's own journal, which may be in use; needs the node's configuration
  --evidence FILE    what another node gave out (evidence, atoma_getEvidence); needs a model: --model, or a
                     configuration that has one of the same name
  --root HEX --index I --chunks N --text FILE
                     the hashes alone, without a model: whether this text has that root, and which leaf is its own

The first two run the prompt again, alone, with the context, batch and thread sizes of the evidence, and hold each
token against the recorded one. They say "equal", or the first token that differs with both probabilities. A
numeric profile that differs is told of first: answers need not agree then.

Examples:
  $ node dist/main.js verify --ticket 0x5f1c… --config-path config/atoma-node.toml
  $ node dist/main.js verify --evidence ticket.json --model ./models/atoma-tiny
  $ node dist/main.js verify --root 86c329… --index 0 --chunks 1 --text answer.txt

Exit codes: 0 equal, 1 it differs or could not be checked, 2 bad usage, configuration or file, 130 interrupted.`;

/** Adds `verify`: whether an answer is what its prompt gives, and what was committed. */
export function addVerify(program: Command, env: NodeJS.ProcessEnv): void {
  const command = program
    .command('verify')
    .description('check that an answer is what its prompt gives, and what was committed')
    .option('--ticket <id>', 'a ticket of the journal')
    .option('--evidence <file>', 'the evidence of any node')
    .option('--model <model>', 'name, repository or path of the model; default: the one of the prompt')
    .option('--precision <name>', 'weights to take; default: the configured one, or q8_0')
    .option('--revision <name>', 'branch, tag or commit; default: the configured one, or main')
    .addOption(new Option('--backend <name>', 'what runs it; default: what ran it').choices(BACKENDS))
    .option('--device <label>', 'cpu, index or UUID of a GPU; default: the configured one, or the first GPU')
    .addOption(gpuOption())
    .option('--root <hex>', 'the committed root')
    .option('--leaf <hex>', 'the committed leaf (chunk_hash), to be checked too')
    .option('--index <n>', "the node's leaf index, from 0")
    .option('--chunks <n>', 'chunks_count of the ticket')
    .option('--text <file>', 'the answer as bytes, or - for stdin')
    .option('--json', 'one line of JSON on stdout');
  addConfigOptions(command).action(async (flags: VerifyFlags) => {
    const code = await runVerify(flags, env);
    // A look at the hardware that was interrupted must not hold the command.
    process.stdout.write('', () => process.exit(code));
  });
  command.addHelpText('after', HELP);
}

const BACKENDS = ['auto', 'llama', 'onnx', 'wasm'];

/** Someone else's file that is no evidence, and params that no node can run, are for the caller to put right. */
const CALLERS_CODES = /^(bad_evidence|invalid_params|prompt_too_long)$/;

async function runVerify(flags: VerifyFlags, env: NodeJS.ProcessEnv): Promise<number> {
  const signal = interruption();
  try {
    const mode = checkMode(flags);
    if (mode === 'hashes') return await checkHashes(flags, signal);
    const evidence =
      mode === 'ticket'
        ? readEvidence(flags.ticket ?? '', await chainConfigOf('verify --ticket', flags))
        : await readEvidenceFile(flags.evidence ?? '');
    const verification = await rerun(evidence, flags, env, signal);
    if (flags.json) writeLine(verificationLine(evidence, verification));
    else process.stdout.write(verificationText(evidence, verification));
    return verification.verdict === 'equal' ? EXIT.done : EXIT.failed;
  } catch (error) {
    if (signal.aborted) return EXIT.interrupted;
    reportError(error);
    const ofTheCaller = error instanceof AtomaError && CALLERS_CODES.test(error.code);
    return ofTheCaller ? EXIT.badUsage : exitCodeOf(error);
  }
}

async function rerun(
  evidence: Evidence,
  flags: VerifyFlags,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Verification> {
  const logger = createLogger(env['LOG_LEVEL'] ?? 'fatal');
  const opened = await openModels(flags, env, logger);
  const progress = new LoadProgressReport({ logger, terminal: process.stderr.isTTY });
  try {
    const choice = modelChoice(flags.model ?? evidence.params.model, flags, opened);
    const backend = choice.backend === 'auto' ? (evidence.profile?.backend ?? 'auto') : choice.backend;
    return await verify(
      evidence,
      { ...choice, backend, gpu: flags.gpu },
      {
        store: opened.store,
        logger,
        signal,
        onWarning: (sentence) => void process.stderr.write(`warning: ${sentence}\n`),
        onProgress: progress.update,
        onLoaded: () => progress.stop(),
      },
    );
  } finally {
    progress.stop();
    await opened.store.close();
  }
}
