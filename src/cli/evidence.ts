import type { Command } from 'commander';
import { type ChainConfig, loadConfig } from '../config/index.js';
import { AtomaError } from '../core/index.js';
import { type Evidence, readEvidence } from '../node/index.js';
import { addConfigOptions, type ConfigFlags, pathsOf } from './config-flags.js';
import { EXIT, exitCodeOf, reportError, writeLine } from './exit.js';
import { writePrivateFile } from './private-file.js';

interface EvidenceFlags extends ConfigFlags {
  readonly out?: string;
  readonly json?: boolean;
}

const HELP = `
The evidence of a ticket is one JSON object: the params as they came, the numeric profile, prompt and answer as
tokens and as text, the counts, leaf and root, the transaction, and the times. It holds a user's prompt: a file is
written so that its owner alone may read it. Others check it with: verify --evidence FILE --model MODEL.

Examples:
  $ node dist/main.js evidence 0x5f1c… --config-path config/atoma-node.toml --out ticket.json

May run while the node runs, which gives the same by RPC: atoma_getEvidence.
Exit codes: 0 done, 1 no such ticket, or none with an answer, 2 bad usage or configuration.`;

/** Adds `evidence`: what a ticket's answer rests on, from the journal. */
export function addEvidence(program: Command): void {
  const command = program
    .command('evidence')
    .description('give out what the answer of a ticket rests on, for others to check')
    .argument('<ticket>', "the ticket's id")
    .option('--out <file>', 'write it here; without it, to stdout')
    .option('--json', 'on one line');
  addConfigOptions(command).action(async (ticketId: string, flags: EvidenceFlags) => {
    process.exitCode = await giveEvidence(ticketId, flags).catch((error: unknown) => {
      reportError(error);
      return exitCodeOf(error);
    });
  });
  command.addHelpText('after', HELP);
}

/** @throws AtomaError `invalid_config` where a command is given no chain, and so no journal */
export async function chainConfigOf(command: string, flags: ConfigFlags): Promise<ChainConfig> {
  const { chain } = await loadConfig(pathsOf(flags));
  if (chain !== undefined) return chain;
  throw new AtomaError(
    'invalid_config',
    `${command} reads the journal: it needs the files of the model configuration, the event subscriber and the chain client, or one file with all three`,
  );
}

async function giveEvidence(ticketId: string, flags: EvidenceFlags): Promise<number> {
  const evidence = readEvidence(ticketId, await chainConfigOf('evidence', flags));
  if (flags.out === undefined) {
    process.stdout.write(flags.json ? `${JSON.stringify(evidence)}\n` : pretty(evidence));
    return EXIT.done;
  }
  await writePrivateFile(flags.out, pretty(evidence));
  if (flags.json) writeLine({ type: 'evidence', ticket_id: ticketId, file: flags.out });
  else process.stdout.write(`evidence of ticket ${ticketId} is in ${flags.out}\n`);
  return EXIT.done;
}

/** A field a line, and a list of tokens on one. Strings hold no line ends in JSON, so that none is taken for a list. */
function pretty(evidence: Evidence): string {
  const text = JSON.stringify(evidence, null, 2);
  return `${text.replace(/\[\n[\d,\s]+\]/g, (list) => list.replace(/\s+/g, ''))}\n`;
}
