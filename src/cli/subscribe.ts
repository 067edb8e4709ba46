import type { Command } from 'commander';
import { u64Of } from './numbers.js';
import {
  addOperatorOptions,
  ending,
  type OperatorFlags,
  type OperatorSession,
  requireAnswer,
  withOperator,
} from './operator-command.js';
import { carryOut } from './operator-transaction.js';
import { runningWarnings } from './standing-warnings.js';

interface SubscribeFlags extends OperatorFlags {
  readonly echelon: string;
}

const HELP = `
Examples:
  $ node dist/main.js subscribe llama3_instruct_8b --echelon 0 --config-path config/node.toml

An echelon is a group of nodes of equal hardware and software, whose outputs have to agree to the bit: join the one
that this node's hardware belongs to.
`;

/** Adds `subscribe`: tickets of a model from now on. */
export function addSubscribe(program: Command, env: NodeJS.ProcessEnv): void {
  const command = program
    .command('subscribe')
    .description('take prompts of a model from now on')
    .argument('<model>', 'the name that the network gives the model')
    .requiredOption('--echelon <number>', 'which of its echelons to join');
  addOperatorOptions(command, HELP).action(
    ending(async (model: string, flags: SubscribeFlags) => {
      requireAnswer('subscribe', flags);
      const echelon = u64Of('--echelon', flags.echelon);
      return await withOperator(flags, env, (session) => subscribe(session, { model, echelon }, flags));
    }),
  );
}

async function subscribe(
  { config, operator }: OperatorSession,
  { model, echelon }: { readonly model: string; readonly echelon: bigint },
  flags: OperatorFlags,
): Promise<number> {
  const { client } = config.chain;
  const { exitCode } = await carryOut(
    operator,
    { kind: 'subscribe', badgeId: client.nodeBadgeId, model, echelon },
    {
      title: `subscribe node ${client.smallId} to ${model}, echelon ${echelon}`,
      effects: () => [
        `the chain samples this node for prompts of ${model} from now on; one that it does not answer in time costs collateral`,
      ],
      warnings: [...configuredWarning(config, model), ...runningWarnings(client)],
    },
    flags,
  );
  return exitCode;
}

function configuredWarning({ inference }: OperatorSession['config'], model: string): readonly string[] {
  if (inference === undefined || inference.models.some(({ name }) => name === model)) return [];
  const names = inference.models.map(({ name }) => name).join(', ');
  return [
    `the model configuration has no ${model} (it has ${names}): the node would miss its tickets, which costs collateral`,
  ];
}
