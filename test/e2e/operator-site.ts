import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeSuiPrivateKey, SIGNATURE_SCHEME_TO_FLAG } from '@mysten/sui/cryptography';
import { toBase64 } from '@mysten/sui/utils';
import type { Test } from 'tap';
import { stringify as toYaml } from 'yaml';
import type { Devnet } from '#src/devnet/index.js';
import { MODEL_DIR, tempDir } from './cli.js';

/** What an operator has before the first transaction: a wallet, and files without the ids of a registration. */
export interface OperatorFiles {
  readonly dir: string;
  readonly subscriberPath: string;
  readonly clientPath: string;
  /** As flags, the model configuration among them. */
  readonly flags: readonly string[];
}

/** Writes the wallet of an account and the three files of a node of it. */
export async function writeOperatorFiles(
  t: Test,
  devnet: Devnet,
  account: { readonly secretKey: string; readonly address: string },
): Promise<OperatorFiles> {
  const dir = await tempDir(t);
  const write = async (name: string, text: string, mode = 0o644): Promise<string> => {
    const path = join(dir, name);
    await writeFile(path, text, { mode });
    return path;
  };
  const { scheme, secretKey } = decodeSuiPrivateKey(account.secretKey);
  const key = toBase64(Uint8Array.of(SIGNATURE_SCHEME_TO_FLAG[scheme], ...secretKey));
  const keystore = await write('sui.keystore', JSON.stringify([key]), 0o600);
  await write(
    'client.yaml',
    toYaml({
      keystore: { File: keystore },
      envs: [{ alias: 'devnet', rpc: devnet.url, ws: null, basic_auth: null }],
      active_env: 'devnet',
      active_address: account.address,
    }),
    0o600,
  );
  const models = `[["cpu", "q8_0", ${JSON.stringify(MODEL_DIR)}, "", false]]`;
  const modelPath = await write(
    'model.toml',
    `cache_dir = "cache"\nflush_storage = false\njrpc_port = 0\ntracing = false\nmodels = ${models}\n`,
  );
  const subscriberPath = await write(
    'sui-subscriber.toml',
    `# events\nhttp_url = "${devnet.url}"\n  package_id = "${devnet.packageId}" # the contract\n\n[request_timeout]\nsecs = 30\n`,
  );
  const clientPath = await write(
    'sui-client.toml',
    `config_path = "client.yaml"\natoma_db_id = "${devnet.atomaDbId}"\nnode_badge_id = "NODE_BADGE_ID"   # from register\npackage_id = "${devnet.packageId}"\ndata_dir = "data"`,
    0o640,
  );
  const flags = [
    ...['--model-config-path', modelPath, '--sui-subscriber-path', subscriberPath],
    ...['--atoma-sui-client-config-path', clientPath],
  ];
  return { dir, subscriberPath, clientPath, flags };
}

/** The lines of NDJSON that a command wrote. */
export function jsonLines(stdout: string): readonly Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Record<string, unknown> => JSON.parse(line));
}
