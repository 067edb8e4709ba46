import type { Command } from 'commander';
import type { SuiOperator } from '../chain/index.js';
import { epochStartText } from './epoch-text.js';
import { EXIT, writeLine } from './exit.js';
import { tokenText } from './operator-amounts.js';
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

const HELP = `
Fees of an epoch can be drawn from the next one on.
`;

/** Adds `withdraw`: earned fees into the wallet. */
export function addWithdraw(program: Command, env: NodeJS.ProcessEnv): void {
  const command = program.command('withdraw').description('draw the fees that this node has earned');
  addOperatorOptions(command, HELP).action(
    ending(async (flags: OperatorFlags) => {
      requireAnswer('withdraw', flags);
      return await withOperator(flags, env, (session) => withdraw(session, flags));
    }),
  );
}

async function withdraw({ config, operator }: OperatorSession, flags: OperatorFlags): Promise<number> {
  const { client } = config.chain;
  const action = { kind: 'withdraw', badgeId: client.nodeBadgeId } as const;
  if ((await operator.preview(action)).tokenChange <= 0n) return await nothing(operator, flags);
  const { exitCode } = await carryOut(
    operator,
    action,
    {
      title: `withdraw the fees of node ${client.smallId}`,
      effects: ({ tokenChange }) => [`${tokenText(tokenChange, operator.token)} come into the wallet`],
      warnings: runningWarnings(client),
    },
    flags,
  );
  return exitCode;
}

/** An empty withdrawal would cost gas: it is not sent. */
async function nothing(operator: SuiOperator, { json }: OperatorFlags): Promise<number> {
  const epoch = await operator.epoch();
  if (json)
    writeLine({ type: 'nothing_to_withdraw', epoch: epoch.epoch, epoch_ends_at_ms: epoch.endsAtMs ?? null });
  else {
    const next = `the next one begins ${epochStartText(epoch.epoch + 1n, epoch)}`;
    process.stdout.write(
      `nothing to withdraw: fees of the current epoch ${epoch.epoch} can be drawn in the next one, and ${next}\n`,
    );
  }
  return EXIT.done;
}
