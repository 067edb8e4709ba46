import type { Command } from 'commander';
import { ABORT, type SuiOperator } from '../chain/index.js';
import { AtomaError } from '../core/index.js';
import { DESTROY_AFTER_EPOCHS } from './disable.js';
import { epochStartText } from './epoch-text.js';
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
import { endingWarnings } from './standing-warnings.js';

const HELP = `
Possible two epochs after disable; before that the command says when.
`;

/** Adds `destroy`: the second step out of the network. */
export function addDestroy(program: Command, env: NodeJS.ProcessEnv): void {
  const command = program
    .command('destroy')
    .description('take a disabled node off the chain: pays its collateral and fees back');
  addOperatorOptions(command, HELP).action(
    ending(async (flags: OperatorFlags) => {
      requireAnswer('destroy', flags);
      return await withOperator(flags, env, (session) => destroy(session, flags));
    }),
  );
}

async function destroy({ config, operator }: OperatorSession, flags: OperatorFlags): Promise<number> {
  const { client } = config.chain;
  const { nodeBadgeId: badgeId, smallId } = client;
  try {
    const { exitCode } = await carryOut(
      operator,
      { kind: 'destroy', badgeId },
      {
        title: `destroy node ${smallId}`,
        effects: ({ tokenChange }) => [
          `${tokenText(tokenChange, operator.token)} of collateral and fees come back to the wallet`,
          `the badge ${badgeId} is deleted: nothing can be done with this registration any more`,
        ],
        warnings: endingWarnings(client),
      },
      flags,
    );
    return exitCode;
  } catch (error) {
    const early = error instanceof AtomaError && error.fields['abortCode'] === ABORT.waitBeforeDestroy;
    throw early ? await tooEarly(operator, badgeId, error) : error;
  }
}

/** The contract's refusal does not say whether the node is disabled at all, nor since when. */
async function tooEarly(operator: SuiOperator, badgeId: string, cause: AtomaError): Promise<AtomaError> {
  const error = (text: string, fields: Readonly<Record<string, unknown>>): AtomaError =>
    new AtomaError('destroy_too_early', text, { cause, fields: { ...cause.fields, ...fields } });
  if (!(await operator.isDisabled(badgeId))) {
    return error(
      'the node is not disabled, and only a disabled node can be destroyed; use disable first',
      {},
    );
  }
  const [since, epoch] = await Promise.all([operator.disabledEpoch(badgeId), operator.epoch()]);
  if (since === undefined) {
    const next = `the current epoch ${epoch.epoch} ends ${epochStartText(epoch.epoch + 1n, epoch)}`;
    return error(
      `a node can be destroyed ${DESTROY_AFTER_EPOCHS} epochs after it was disabled, and the endpoint's history does not tell when that was; ${next}`,
      { currentEpoch: epoch.epoch.toString() },
    );
  }
  const possible = since + DESTROY_AFTER_EPOCHS;
  return error(
    `the node was disabled in epoch ${since}, and can be destroyed from epoch ${possible} on; try again ${epochStartText(possible, epoch)} (the current epoch is ${epoch.epoch})`,
    { possibleInEpoch: possible.toString(), currentEpoch: epoch.epoch.toString() },
  );
}
