import type { Command } from 'commander';
import { epochStartText } from './epoch-text.js';
import { EXIT, writeLine } from './exit.js';
import {
  addOperatorOptions,
  ending,
  type OperatorFlags,
  type OperatorSession,
  requireAnswer,
  withOperator,
} from './operator-command.js';
import { carryOut } from './operator-transaction.js';
import { endingWarnings } from './standing-warnings.js';

/** Epochs between disabling a node and taking its collateral back: the contract's rule. */
export const DESTROY_AFTER_EPOCHS = 2n;

const HELP = `
Disabling is for ever, and the first of two steps out of the network: two epochs later destroy pays the collateral
back. To stop taking prompts of a model for a while, unsubscribe instead.
`;

/** Adds `disable`: the first step out of the network. */
export function addDisable(program: Command, env: NodeJS.ProcessEnv): void {
  const command = program
    .command('disable')
    .description('disable this node for ever, to get its collateral back');
  addOperatorOptions(command, HELP).action(
    ending(async (flags: OperatorFlags) => {
      requireAnswer('disable', flags);
      return await withOperator(flags, env, (session) => disable(session, flags));
    }),
  );
}

async function disable({ config, operator }: OperatorSession, flags: OperatorFlags): Promise<number> {
  const { client } = config.chain;
  const { smallId } = client;
  const { receipt, exitCode } = await carryOut(
    operator,
    { kind: 'disable', badgeId: client.nodeBadgeId },
    {
      title: `disable node ${smallId} for ever`,
      effects: () => [
        'the node takes no more prompts, and cannot be enabled again',
        `its collateral can be taken back ${DESTROY_AFTER_EPOCHS} epochs later, with destroy`,
      ],
      warnings: endingWarnings(client),
    },
    flags,
  );
  if (receipt === undefined) return exitCode;
  const epoch = await operator.epoch();
  const possible = (receipt.epoch ?? epoch.epoch) + DESTROY_AFTER_EPOCHS;
  if (flags.json) writeLine({ type: 'destroy_possible', epoch: possible, current_epoch: epoch.epoch });
  else {
    process.stdout.write(
      `destroy becomes possible in epoch ${possible}, ${epochStartText(possible, epoch)}\n`,
    );
  }
  return EXIT.done;
}
