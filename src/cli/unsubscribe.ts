import type { Command } from 'commander';
import {
  addOperatorOptions,
  ending,
  type OperatorFlags,
  requireAnswer,
  withOperator,
} from './operator-command.js';
import { carryOut } from './operator-transaction.js';
import { runningWarnings } from './standing-warnings.js';

const HELP = `
Examples:
  $ node dist/main.js unsubscribe llama3_instruct_8b --config-path config/node.toml

The contract wants the place of the node in its echelon, which moves when others leave: it is searched for, and
searched again where another node was faster.
`;

/** Adds `unsubscribe`: no more tickets of a model. */
export function addUnsubscribe(program: Command, env: NodeJS.ProcessEnv): void {
  const command = program
    .command('unsubscribe')
    .description('take no more prompts of a model')
    .argument('<model>', 'the name that the network gives the model');
  addOperatorOptions(command, HELP).action(
    ending(async (model: string, flags: OperatorFlags) => {
      requireAnswer('unsubscribe', flags);
      return await withOperator(flags, env, async ({ config, operator }) => {
        const { client } = config.chain;
        const { nodeBadgeId: badgeId, smallId } = client;
        const { exitCode } = await carryOut(
          operator,
          { kind: 'unsubscribe', badgeId, smallId, model },
          {
            title: `unsubscribe node ${smallId} from ${model}`,
            effects: () => [
              `the chain samples this node for ${model} no more; tickets that it was sampled for before are still due`,
            ],
            warnings: runningWarnings(client),
          },
          flags,
        );
        return exitCode;
      });
    }),
  );
}
