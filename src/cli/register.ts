import type { Command } from 'commander';
import type { OperatorPreview, OperatorReceipt, OwnedBadge, SuiOperator } from '../chain/index.js';
import {
  type ConfigPaths,
  loadOperatorConfig,
  type OperatorConfig,
  planRegistration,
} from '../config/index.js';
import { AtomaError, messageOf } from '../core/index.js';
import { openOperator, readTickets } from '../node/index.js';
import { pathsOf } from './config-flags.js';
import { confirm } from './confirm.js';
import { EXIT } from './exit.js';
import { createLogger } from './logger.js';
import { tokenText } from './operator-amounts.js';
import { addOperatorOptions, ending, type OperatorFlags, requireAnswer } from './operator-command.js';
import { carryOut } from './operator-transaction.js';
import { keepRegistration, sayRegistration } from './registration-output.js';

interface RegisterFlags extends OperatorFlags {
  readonly write?: boolean;
  readonly again?: boolean;
}

const HELP = `
Examples:
  $ node dist/main.js register --sui-subscriber-path config/sui-subscriber.toml \\
      --atoma-sui-client-config-path config/sui-client.toml --write
      pays the collateral, and puts node_badge_id and small_id into these files

The files need no node_badge_id and no small_id yet. Where the wallet owns a badge already, from a registration
that was cut off, say, that one is shown (and written) and nothing is paid; --again registers another node.
`;
/** For the plan alone: the longest that can come. */
const LONGEST_IDS = { nodeBadgeId: `0x${'0'.repeat(64)}`, smallId: 2n ** 64n - 1n };

/** Adds `register`: a new node of the network, paid for with collateral. */
export function addRegister(program: Command, env: NodeJS.ProcessEnv): void {
  const command = program
    .command('register')
    .description('register this node on the chain: pays collateral, gives a badge and a small id');
  addOperatorOptions(command, HELP)
    .option('--write', 'put the badge and the small id into the configuration files')
    .option('--again', 'register although the wallet owns a badge already')
    .action(
      ending(async (flags: RegisterFlags) => {
        requireAnswer('register', flags);
        const paths = pathsOf(flags);
        const config = await loadOperatorConfig(paths);
        // Before anything is paid.
        if (flags.write) await planRegistration(paths, LONGEST_IDS);
        const operator = await openOperator(config, { logger: createLogger(env['LOG_LEVEL'] ?? 'warn') });
        try {
          return await register({ flags, paths, config, operator });
        } finally {
          operator.close();
        }
      }),
    );
}

interface Registering {
  readonly flags: RegisterFlags;
  readonly paths: ConfigPaths;
  readonly config: OperatorConfig;
  readonly operator: SuiOperator;
}

async function register(parts: Registering): Promise<number> {
  const { flags, operator, config } = parts;
  const owned = flags.again ? [] : await operator.badges();
  const configured = owned.find(({ badgeId }) => badgeId === config.registration?.nodeBadgeId);
  if (configured !== undefined) throw alreadyRegistered(configured);
  for (const badge of owned) {
    // A node that was disabled for ever is no node to start with.
    if (!(await operator.isDisabled(badge.badgeId))) return await takeFound(badge, parts);
  }
  return await pay(parts);
}

function alreadyRegistered({ badgeId, smallId }: OwnedBadge): AtomaError {
  return new AtomaError(
    'already_registered',
    `this node is registered: node_badge_id ${badgeId} is the wallet's, of node ${smallId}; use status to look at it, or --again to pay for another registration`,
    { fields: { nodeBadgeId: badgeId, smallId: smallId.toString() } },
  );
}

/** A registration that was paid for and is not in the configuration. */
async function takeFound(badge: OwnedBadge, { flags, paths }: Registering): Promise<number> {
  sayRegistration(badge, 'found', flags.json ?? false);
  if (!flags.write || flags.dryRun) return EXIT.done;
  if (!flags.yes && !(await confirm('write it into the configuration?'))) return EXIT.failed;
  return await keepRegistration(paths, badge, flags.json ?? false);
}

async function pay({ flags, paths, config, operator }: Registering): Promise<number> {
  const json = flags.json ?? false;
  const { receipt, exitCode } = await carryOut(
    operator,
    { kind: 'register' },
    {
      title: 'register a new node',
      effects: (preview) => effectsOf(operator, preview),
      warnings: config.registration === undefined ? [] : [replaced(config.registration, flags.write)],
    },
    flags,
  );
  if (receipt === undefined) return exitCode;
  const badge = await newBadge(operator, receipt);
  sayRegistration(badge, 'registered', json);
  warnOfJournal(config.client.dataDir, badge);
  return flags.write ? await keepRegistration(paths, badge, json) : EXIT.done;
}

function effectsOf({ token }: SuiOperator, { tokenChange, call }: OperatorPreview): readonly string[] {
  const coins = call.kind === 'register' ? call.coins.length : 1;
  const from = coins === 1 ? '' : `, from ${coins} coins that become one`;
  return [
    `${tokenText(-tokenChange, token)} of the wallet become collateral${from}; destroy gives it back, two epochs after disable`,
    'the wallet gets a NodeBadge, with which alone this node can commit: keep the wallet and its key',
  ];
}

function replaced({ nodeBadgeId, smallId }: NonNullable<OperatorConfig['registration']>, write?: boolean) {
  const then = write ? 'its ids will be replaced' : 'its ids stay there without --write';
  return `the configuration names the badge ${nodeBadgeId} of node ${smallId}; ${then}`;
}

/** Ids of the registration: from the event of the transaction, else from the wallet's newest badge. */
async function newBadge(operator: SuiOperator, receipt: OperatorReceipt): Promise<OwnedBadge> {
  if (receipt.registered !== undefined) return receipt.registered;
  const [newest] = await operator.badges();
  if (newest !== undefined) return newest;
  throw new AtomaError(
    'outcome_unknown',
    `the registration went through in transaction ${receipt.digest}, but the endpoint does not show its badge yet; run register again in a moment: it finds the badge, and pays nothing`,
    { fields: { digest: receipt.digest } },
  );
}

/** A journal is of one badge: the node would refuse to start, and its operator is to hear of it now. */
function warnOfJournal(dataDir: string, { badgeId: nodeBadgeId }: OwnedBadge): void {
  try {
    readTickets({ dataDir, nodeBadgeId });
  } catch (error) {
    process.stderr.write(`note: ${messageOf(error)}\n`);
  }
}
