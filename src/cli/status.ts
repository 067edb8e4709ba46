import type { Command } from 'commander';
import { loadRegisteredConfig } from '../config/index.js';
import { type NodeStanding, nodeStanding } from '../node/index.js';
import { addConfigOptions, type ConfigFlags, pathsOf } from './config-flags.js';
import { EXIT, writeLine } from './exit.js';
import { lockDir } from './lock-dir.js';
import { createLogger } from './logger.js';
import { ending } from './operator-command.js';
import { statusFields } from './status-json.js';
import { statusPage } from './status-page.js';

interface StatusFlags extends ConfigFlags {
  readonly json?: boolean;
}

const HELP = `
Sends nothing, and may run beside a node. What the contract does not tell (whether the node is disabled, what it is
subscribed to, which fees can be drawn) is found out by simulations, which need SUI in the wallet and cost none.
Exit codes: 0 done, 1 the chain could not be asked, 2 bad usage or configuration.`;

/** Adds `status`: a registered node at one glance. */
export function addStatus(program: Command, env: NodeJS.ProcessEnv): void {
  const command = program
    .command('status')
    .description('show wallet, registration, subscriptions, fees and tickets of this node')
    .option('--json', 'one JSON object on stdout');
  addConfigOptions(command)
    .addHelpText('after', HELP)
    .action(
      ending(async (flags: StatusFlags) => {
        const config = await loadRegisteredConfig(pathsOf(flags));
        const logger = createLogger(env['LOG_LEVEL'] ?? 'warn');
        const standing = await nodeStanding(config, { lockDir: lockDir() }, { logger });
        show(standing, flags);
        return 'value' in standing.chain ? EXIT.done : EXIT.failed;
      }),
    );
}

function show(standing: NodeStanding, { json }: StatusFlags): void {
  if (json) writeLine(statusFields(standing));
  else process.stdout.write(statusPage(standing));
}
