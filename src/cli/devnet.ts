import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { DEVNET_DEFAULTS, Devnet, type DevnetFiles, writeDevnetFiles } from '../devnet/index.js';
import { EXIT, exitCodeOf, reportError, writeLine } from './exit.js';
import { createLogger } from './logger.js';
import { portOf, positiveOf } from './numbers.js';

/** The demo model, beside dist/. */
export const DEMO_MODEL = {
  path: fileURLToPath(new URL('../../models/atoma-tiny', import.meta.url)),
  precision: 'q8_0',
} as const;

/** Sui's own port for a local network. */
const DEFAULT_PORT = '9000';

interface DevnetFlags {
  readonly host: string;
  readonly port: string;
  readonly out: string;
  readonly epochMs: string;
  readonly checkpointMs: string;
  readonly settlementTimeoutMs: string;
  readonly unregistered?: boolean;
  readonly jrpcPort: string;
  readonly modelPath: string;
  readonly precision: string;
  readonly model: string;
  readonly json?: boolean;
}

/** Adds `devnet`: the dev chain alone. */
export function addDevnet(program: Command, env: NodeJS.ProcessEnv): void {
  program
    .command('devnet')
    .description('run a chain in a box: Sui gRPC, the contract, one node, one funded user')
    .option('--host <address>', 'address to listen on', DEVNET_DEFAULTS.host)
    .option('--port <n>', 'port to listen on; 0 takes a free one', DEFAULT_PORT)
    .option(
      '--out <dir>',
      'folder for the three TOML files, client.yaml, keystore and user.json',
      'atoma-devnet',
    )
    .option('--epoch-ms <n>', 'length of an epoch', String(DEVNET_DEFAULTS.epochMs))
    .option(
      '--checkpoint-ms <n>',
      'time between checkpoints while nothing happens',
      String(DEVNET_DEFAULTS.checkpointMs),
    )
    .option(
      '--settlement-timeout-ms <n>',
      'how long nodes have for a ticket before they are slashed',
      String(DEVNET_DEFAULTS.settlementTimeoutMs),
    )
    .option(
      '--unregistered',
      "leave the node's wallet to the register and subscribe commands: gas and TOMA only",
    )
    .option('--jrpc-port <n>', "the node's RPC port, for its model.toml; 0 takes a free one", '3000')
    .option('--model <name>', 'name of the model on chain', DEVNET_DEFAULTS.model)
    .option('--model-path <path>', 'GGUF file or folder of the model', DEMO_MODEL.path)
    .option('--precision <name>', 'precision of the model', DEMO_MODEL.precision)
    .option('--json', 'one NDJSON line on stdout instead of text')
    .action(async (flags: DevnetFlags) => {
      process.exitCode = await devnet(flags, env).catch((error: unknown) => {
        reportError(error);
        return exitCodeOf(error);
      });
    });
}

async function devnet(flags: DevnetFlags, env: NodeJS.ProcessEnv): Promise<number> {
  const dir = resolve(flags.out);
  const chain = await Devnet.start(
    {
      host: flags.host,
      port: portOf('--port', flags.port),
      epochMs: positiveOf('--epoch-ms', flags.epochMs),
      checkpointMs: positiveOf('--checkpoint-ms', flags.checkpointMs),
      settlementTimeoutMs: BigInt(positiveOf('--settlement-timeout-ms', flags.settlementTimeoutMs)),
      model: flags.model,
    },
    { logger: createLogger(env['LOG_LEVEL'] ?? 'warn') },
  );
  const node = flags.unregistered ? chain.addOperator() : chain.addNode();
  const user = chain.addUser();
  const files = await writeDevnetFiles(chain, node, user, {
    dir,
    modelPath: resolve(flags.modelPath),
    precision: flags.precision,
    jrpcPort: portOf('--jrpc-port', flags.jrpcPort),
  });
  const facts = {
    url: chain.url,
    package_id: chain.packageId,
    toma_package_id: chain.tomaPackageId,
    atoma_db_id: chain.atomaDbId,
    ...('badgeId' in node ? { node_badge_id: node.badgeId, small_id: node.smallId } : {}),
    model: chain.model,
    dir,
  };
  if (flags.json) writeLine({ type: 'devnet', ...facts });
  else {
    printFacts(facts);
    printCommands(
      flags.unregistered ? ['register --write', `subscribe ${chain.model} --echelon 0`] : [],
      files,
    );
  }
  await new Promise<void>((ended) => {
    process.once('SIGINT', () => ended());
    process.once('SIGTERM', () => ended());
  });
  await chain.stop();
  return EXIT.done;
}

function printFacts(facts: Readonly<Record<string, unknown>>): void {
  const width = Math.max(...Object.keys(facts).map((key) => key.length));
  for (const [key, value] of Object.entries(facts)) process.stdout.write(`${key.padEnd(width)}  ${value}\n`);
}

/** @param before what must be done before the node can start */
function printCommands(before: readonly string[], files: DevnetFiles): void {
  process.stdout.write('\nStart the node with:\n');
  for (const command of [...before, 'start']) process.stdout.write(`\n  ${commandLine(command, files)}\n`);
  process.stdout.write(
    `\nThe user's key is in ${files.userPath}. Ctrl-C ends the chain and everything on it.\n`,
  );
}

/** A command of the node's with its three files, over several lines. */
function commandLine(command: string, files: DevnetFiles): string {
  return [
    `node dist/main.js ${command} --model-config-path ${files.modelConfigPath}`,
    `--sui-subscriber-path ${files.suiSubscriberPath}`,
    `--atoma-sui-client-config-path ${files.atomaSuiClientConfigPath}`,
  ].join(' \\\n    ');
}
