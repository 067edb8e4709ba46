import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { DEVNET_DEFAULTS, Devnet, writeDevnetFiles } from '../devnet/index.js';
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
    .description('run a chain in a box: Sui gRPC, the contract, one registered node, one funded user')
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
      model: flags.model,
    },
    { logger: createLogger(env['LOG_LEVEL'] ?? 'warn') },
  );
  const node = chain.addNode();
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
    node_badge_id: node.badgeId,
    small_id: node.smallId,
    model: chain.model,
    dir,
  };
  if (flags.json) writeLine({ type: 'devnet', ...facts });
  else {
    const width = Math.max(...Object.keys(facts).map((key) => key.length));
    for (const [key, value] of Object.entries(facts))
      process.stdout.write(`${key.padEnd(width)}  ${value}\n`);
    process.stdout.write(
      `\nStart the node with:\n  node dist/main.js --model-config-path ${files.modelConfigPath} \\\n    --sui-subscriber-path ${files.suiSubscriberPath} \\\n    --atoma-sui-client-config-path ${files.atomaSuiClientConfigPath}\n\nThe user's key is in ${files.userPath}. Ctrl-C ends the chain and everything on it.\n`,
    );
  }
  await new Promise<void>((ended) => {
    process.once('SIGINT', () => ended());
    process.once('SIGTERM', () => ended());
  });
  await chain.stop();
  return EXIT.done;
}
