import { type Command, InvalidArgumentError } from 'commander';
import { loadConfig } from '../config/index.js';
import { AtomaError } from '../core/index.js';
import { type AuditedTicket, type AuditVerdict, audit } from '../node/index.js';
import { addConfigOptions, type ConfigFlags, pathsOf } from './config-flags.js';
import { EXIT, exitCodeOf, reportError, writeLine } from './exit.js';
import { createLogger } from './logger.js';
import { checkpointOf } from './numbers.js';

interface AuditFlags extends ConfigFlags {
  readonly from: string;
  readonly to?: string;
  readonly json?: boolean;
}

/** Adds `audit`: the journal against the chain. */
export function addAudit(program: Command, env: NodeJS.ProcessEnv): void {
  const command = program
    .command('audit')
    .description(
      'compare the journal with the chain: every ticket that concerned this node, committed, late or missed, and why',
    )
    .requiredOption('--from <checkpoint>', 'first checkpoint to look at')
    .option('--to <checkpoint>', 'last checkpoint to look at; without it, the newest')
    .option('--json', 'NDJSON on stdout: one line a ticket and a summary');
  addConfigOptions(command).action(async (flags: AuditFlags) => {
    process.exitCode = await runAudit(flags, env).catch((error: unknown) => {
      reportError(error);
      return exitCodeOf(error);
    });
  });
  command.addHelpText(
    'after',
    '\nMay run while the node runs. Exit codes: 0 nothing was missed, 1 something was, 2 bad usage or configuration.',
  );
}

async function runAudit(flags: AuditFlags, env: NodeJS.ProcessEnv): Promise<number> {
  const range = {
    from: checkpointOf('--from', flags.from),
    to: flags.to === undefined ? undefined : checkpointOf('--to', flags.to),
  };
  if (range.to !== undefined && range.to < range.from) {
    throw new InvalidArgumentError(`--to is ${range.to}, wanted a checkpoint from --from (${range.from}) on`);
  }
  const { chain } = await loadConfig(pathsOf(flags));
  if (chain === undefined) {
    throw new AtomaError(
      'invalid_config',
      'audit needs the files of the event subscriber and the chain client',
    );
  }
  const stop = new AbortController();
  process.once('SIGINT', () => process.exit(EXIT.interrupted));
  const logger = createLogger(env['LOG_LEVEL'] ?? 'warn');
  const counts: Record<AuditVerdict, number> = { committed: 0, late: 0, missed: 0, skipped: 0, pending: 0 };
  for await (const ticket of audit(chain, range, { logger, signal: stop.signal })) {
    counts[ticket.verdict]++;
    if (flags.json) writeLine(toLine(ticket));
    else process.stdout.write(`${ticket.verdict.padEnd(9)}  ${ticket.ticketId}  ${ticket.why}\n`);
  }
  const tickets = Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (flags.json) writeLine({ type: 'summary', tickets, ...counts });
  else {
    const parts = Object.entries(counts).map(([verdict, count]) => `${count} ${verdict}`);
    process.stdout.write(`${tickets} tickets: ${parts.join(', ')}\n`);
  }
  return counts.missed > 0 ? EXIT.failed : EXIT.done;
}

function toLine({
  ticketId,
  eventId,
  checkpoint,
  verdict,
  why,
  digest,
}: AuditedTicket): Record<string, unknown> {
  return {
    type: 'ticket',
    ticket_id: ticketId,
    verdict,
    why,
    event_id: eventId,
    checkpoint: checkpoint ?? null,
    digest: digest ?? null,
  };
}
