import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import TOML from '@iarna/toml';
import { decodeSuiPrivateKey, SIGNATURE_SCHEME_TO_FLAG } from '@mysten/sui/cryptography';
import { toBase64 } from '@mysten/sui/utils';
import { stringify as toYaml } from 'yaml';
import type { DevnetNode, DevnetUser } from './accounts.js';
import type { Devnet } from './devnet.js';

/** Keys are in these files or beside them: nobody but their owner reads them. */
const PRIVATE_FILE_MODE = 0o600;
const PRIVATE_DIR_MODE = 0o700;
const PUBLIC_FILE_MODE = 0o644;
/** How long the node gives a request to the dev chain, in seconds. */
const REQUEST_TIMEOUT_SECS = 30;
/** One wallet: its transactions go one after another anyway. */
const MAX_CONCURRENT_REQUESTS = 16;

export interface DevnetFilesOptions {
  /** Made where it does not exist; files of these names in it are replaced. */
  readonly dir: string;
  /** A GGUF file, or a folder with one of the precision wanted. */
  readonly modelPath: string;
  readonly precision: string;
  /** 0 takes any free port. */
  readonly jrpcPort: number;
}

/** Absolute paths of what was written. */
export interface DevnetFiles {
  readonly modelConfigPath: string;
  readonly suiSubscriberPath: string;
  readonly atomaSuiClientConfigPath: string;
  readonly clientYamlPath: string;
  readonly userPath: string;
}

/** A wallet whose files are written, with the ids of its registration where it has one. */
type Wallet = Pick<DevnetNode, 'secretKey' | 'address'> & Partial<DevnetNode>;

type Chain = Pick<Devnet, 'url' | 'packageId' | 'tomaPackageId' | 'atomaDbId' | 'model'>;

/**
 * Writes everything that a node and a user of the dev chain need: the node's three TOML files, its
 * `client.yaml` and keystore as the Sui CLI has them, and `user.json`.
 * @param node a wallet that is not registered has no ids in its files: `register --write` puts them there
 */
export async function writeDevnetFiles(
  devnet: Chain,
  node: Wallet,
  user: DevnetUser,
  options: DevnetFilesOptions,
): Promise<DevnetFiles> {
  const dir = resolve(options.dir);
  await mkdir(dir, { recursive: true, mode: PRIVATE_DIR_MODE });
  const write = async (name: string, text: string, mode = PUBLIC_FILE_MODE): Promise<string> => {
    const path = join(dir, name);
    // A file that exists would keep its own mode, and a link would lead elsewhere.
    await rm(path, { force: true });
    await writeFile(path, text, { mode, flag: 'wx' });
    return path;
  };
  const keystorePath = await write('sui.keystore', keystore(node), PRIVATE_FILE_MODE);
  return {
    modelConfigPath: await write('model.toml', modelToml(devnet, options)),
    suiSubscriberPath: await write('sui-subscriber.toml', subscriberToml(devnet, node)),
    atomaSuiClientConfigPath: await write('sui-client.toml', clientToml(devnet, node)),
    clientYamlPath: await write('client.yaml', clientYaml(devnet, node, keystorePath)),
    userPath: await write('user.json', userJson(devnet, user), PRIVATE_FILE_MODE),
  };
}

/** Relative paths in these files start from their folder, so that it can be moved. */
function modelToml(devnet: Chain, { modelPath, precision, jrpcPort }: DevnetFilesOptions): string {
  return TOML.stringify({
    cache_dir: 'cache',
    flush_storage: false,
    jrpc_port: jrpcPort,
    tracing: false,
    models: [{ name: devnet.model, device: 'cpu', precision, model_type: resolve(modelPath) }],
  });
}

function subscriberToml(devnet: Chain, node: Wallet): string {
  return TOML.stringify({
    http_url: devnet.url,
    package_id: devnet.packageId,
    ...smallIdKey(node),
    request_timeout: { secs: REQUEST_TIMEOUT_SECS, nanos: 0 },
  });
}

function clientToml(devnet: Chain, node: Wallet): string {
  return TOML.stringify({
    config_path: 'client.yaml',
    atoma_db_id: devnet.atomaDbId,
    ...(node.badgeId === undefined ? {} : { node_badge_id: node.badgeId }),
    package_id: devnet.packageId,
    ...smallIdKey(node),
    max_concurrent_requests: MAX_CONCURRENT_REQUESTS,
    request_timeout: { secs: REQUEST_TIMEOUT_SECS, nanos: 0 },
    data_dir: 'data',
  });
}

/** A string where a number could not hold it; no key where there is no registration. */
function smallIdKey({ smallId }: Wallet): { small_id?: string | number } {
  if (smallId === undefined) return {};
  return { small_id: smallId <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(smallId) : String(smallId) };
}

function clientYaml(devnet: Chain, node: Wallet, keystorePath: string): string {
  return toYaml({
    keystore: { File: keystorePath },
    envs: [{ alias: 'devnet', rpc: devnet.url, ws: null, basic_auth: null }],
    active_env: 'devnet',
    active_address: node.address,
  });
}

/** Base64 of the scheme's flag byte and the 32 bytes of the secret. */
function keystore({ secretKey }: Wallet): string {
  const decoded = decodeSuiPrivateKey(secretKey);
  const flag = SIGNATURE_SCHEME_TO_FLAG[decoded.scheme];
  return JSON.stringify([toBase64(Uint8Array.of(flag, ...decoded.secretKey))]);
}

function userJson(devnet: Chain, user: DevnetUser): string {
  const fields = {
    key: user.secretKey,
    address: user.address,
    toma_coin: user.tomaCoinId,
    url: devnet.url,
    package_id: devnet.packageId,
    toma_package_id: devnet.tomaPackageId,
    atoma_db_id: devnet.atomaDbId,
    model: devnet.model,
  };
  return `${JSON.stringify(fields, undefined, 2)}\n`;
}
