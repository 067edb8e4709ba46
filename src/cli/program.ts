import { Command, CommanderError } from 'commander';
import { VERSION } from '../node/index.js';
import { addAudit } from './audit.js';
import { addDemo } from './demo.js';
import { addDestroy } from './destroy.js';
import { addDevnet } from './devnet.js';
import { addDisable } from './disable.js';
import { addDoctor } from './doctor.js';
import { addEvidence } from './evidence.js';
import { EXIT, reportError } from './exit.js';
import { addGenerate } from './generate.js';
import { addKeys } from './keys.js';
import { addModels } from './models.js';
import { addRegister } from './register.js';
import { addRehearse } from './rehearse.js';
import { addStart } from './start.js';
import { addStatus } from './status.js';
import { addSubscribe } from './subscribe.js';
import { addUnsubscribe } from './unsubscribe.js';
import { addVerify } from './verify.js';
import { addWithdraw } from './withdraw.js';

const EXAMPLES = `
Examples:
  $ node dist/main.js demo
      a chain, a node and a user on this machine, no funds and no GPU needed

  $ node dist/main.js --model-config-path config/model.toml \\
      --sui-subscriber-path config/sui-subscriber.toml \\
      --atoma-sui-client-config-path config/sui-client.toml
      a node of the network; config/ has samples that explain every key

  $ node dist/main.js --model-config-path config/model.toml
      no chain: JSON-RPC and WebSocket only

  $ node dist/main.js rehearse --model-config-path config/model.toml
      your model in a quorum of three, one of which lies, on a chain of its own; no funds needed

LOG_LEVEL (fatal, error, warn, info, debug, trace) sets how much is logged, on stderr.
Exit codes: 0 done, 1 failed, 2 bad usage or configuration, 130 interrupted.`;

/** The command line, with one subcommand a file. */
function createProgram(env: NodeJS.ProcessEnv): Command {
  const program = new Command('atoma-node')
    .description(
      'Atoma node: takes prompts from the chain, runs them on your hardware, commits to the output.',
    )
    .version(VERSION)
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(--help shows what there is)');
  addStart(program, env);
  addDemo(program, env);
  addDevnet(program, env);
  addAudit(program, env);
  addEvidence(program);
  addVerify(program, env);
  addDoctor(program, env);
  addGenerate(program, env);
  addKeys(program);
  addModels(program, env);
  addRehearse(program, env);
  addRegister(program, env);
  addSubscribe(program, env);
  addUnsubscribe(program, env);
  addStatus(program, env);
  addWithdraw(program, env);
  addDisable(program, env);
  addDestroy(program, env);
  throwOnExit(program);
  return program;
}

/** Commander ends the process by itself unless each of its commands is told not to. */
function throwOnExit(command: Command): void {
  command.exitOverride();
  for (const subcommand of command.commands) throwOnExit(subcommand);
}

/** Runs the command line; `process.exitCode` tells how it went. */
export async function runCommandLine(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  try {
    await createProgram(env).parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.badUsage;
    } else {
      reportError(error);
      process.exitCode = EXIT.failed;
    }
  }
}
