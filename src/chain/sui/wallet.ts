import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Signer } from '@mysten/sui/cryptography';
import { isValidSuiAddress, normalizeSuiAddress } from '@mysten/sui/utils';
import { parse } from 'yaml';
import { z } from 'zod';
import { AtomaError, messageOf } from '../../core/index.js';
import { readKeystore } from './keystore.js';

/** The network that the Sui CLI is set to. */
export interface WalletEnv {
  readonly alias: string;
  readonly rpc: string;
  /** `user:password`: never to be logged. */
  readonly basicAuth: string | undefined;
}

/** The wallet of the Sui CLI that a node signs with. */
export interface Wallet {
  readonly keypair: Signer;
  /** `0x` and 64 digits. */
  readonly address: string;
  /** undefined where `client.yaml` names none. */
  readonly env: WalletEnv | undefined;
  /** What the operator should put right, one sentence each. */
  readonly warnings: readonly string[];
}

/** Scalars are read as text, so that an unquoted `0x…` stays an address and does not become a number. */
const nullable = z.string().transform((value) => (/^(|~|null)$/i.test(value) ? undefined : value));

const ADDRESS_WANTED = 'wanted an address of 0x and up to 64 hexadecimal digits, or null';
const address = nullable.transform((value, context) => {
  const normalized = value === undefined ? undefined : normalizeSuiAddress(value);
  if (normalized === undefined || isValidSuiAddress(normalized)) return normalized;
  context.issues.push({ code: 'custom', message: ADDRESS_WANTED, input: value });
  return z.NEVER;
});

const env = z.looseObject({ alias: z.string(), rpc: z.string(), basic_auth: nullable.optional() });
/** An empty list is written as `[]`, or as nothing at all. */
const envs = z.union([z.array(env), z.literal(['', '~', 'null']).transform(() => [])]);

/** As the Sui CLI writes it; keys that a node has no use for are let through. */
const clientYaml = z.looseObject({
  keystore: z.union([z.looseObject({ File: z.string().min(1) }), z.looseObject({ InMem: z.unknown() })], {
    error: 'wanted a table with the path of the keystore, `File: <path>`',
  }),
  envs: envs.optional(),
  active_env: nullable.optional(),
  active_address: address.optional(),
});
type ClientYaml = z.output<typeof clientYaml>;

/**
 * The active wallet of a Sui CLI's `client.yaml`: its active address, or where that is null the lowest one of
 * the keystore by its bytes, as the CLI chooses. A relative keystore path starts from the file's folder.
 * @throws AtomaError `wallet_config_unreadable`, `wallet_config_invalid`, `wallet_keystore_unsupported`,
 * `wallet_keystore_unreadable`, `wallet_keystore_invalid`, `wallet_empty`, `wallet_address_missing`. None of
 * them holds a key.
 */
export async function loadWallet(clientYamlPath: string): Promise<Wallet> {
  const config = await readClientYaml(clientYamlPath);
  if (!hasFile(config.keystore)) {
    throw new AtomaError(
      'wallet_keystore_unsupported',
      `${clientYamlPath}: keystore: found an InMem keystore, wanted a keystore in a file, \`File: <path>\``,
    );
  }
  const keystorePath = resolve(clientYamlPath, '..', config.keystore.File);
  const { keys, warnings } = await readKeystore(keystorePath);
  const active = config.active_address ?? [...keys.keys()].sort()[0];
  if (active === undefined) {
    throw new AtomaError(
      'wallet_empty',
      `${keystorePath}: no managed addresses: the keystore is empty or does not exist. Make a key with \`sui client new-address ed25519\``,
    );
  }
  const keypair = keys.get(active);
  if (keypair === undefined) throw addressMissing(clientYamlPath, keystorePath, active, [...keys.keys()]);
  const { env, envWarnings } = activeEnv(config, clientYamlPath);
  return { keypair, address: active, env, warnings: [...warnings, ...envWarnings] };
}

function hasFile(keystore: ClientYaml['keystore']): keystore is { File: string } {
  return 'File' in keystore;
}

async function readClientYaml(path: string): Promise<ClientYaml> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const message = `${path}: cannot be read (${messageOf(cause)}), wanted the Sui CLI's client.yaml`;
    throw new AtomaError('wallet_config_unreadable', message, { cause });
  }
  const result = clientYaml.safeParse(parseYaml(text, path));
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    (issue) => `${issue.path.join('.') || 'the file'}: ${issue.message}`,
  );
  throw new AtomaError('wallet_config_invalid', `${path}: ${problems.join('; ')}`, { fields: { problems } });
}

function parseYaml(text: string, path: string): unknown {
  try {
    return parse(text, { schema: 'failsafe', logLevel: 'error' });
  } catch (error) {
    // The first line alone: the source that follows it may hold a password.
    throw new AtomaError('wallet_config_invalid', `${path}: not YAML: ${messageOf(error).split('\n')[0]}`);
  }
}

function activeEnv(
  config: ClientYaml,
  path: string,
): { readonly env: WalletEnv | undefined; readonly envWarnings: readonly string[] } {
  const all = config.envs ?? [];
  const alias = config.active_env;
  const found = alias === undefined ? all[0] : all.find((candidate) => candidate.alias === alias);
  if (found === undefined) {
    const warning = `${path}: active_env is "${alias}", but envs has no such alias`;
    return { env: undefined, envWarnings: alias === undefined ? [] : [warning] };
  }
  return { env: { alias: found.alias, rpc: found.rpc, basicAuth: found.basic_auth }, envWarnings: [] };
}

function addressMissing(
  path: string,
  keystore: string,
  active: string,
  present: readonly string[],
): AtomaError {
  const message = `${path}: active_address is ${active}, but ${keystore} has no key for it. It has keys for: ${present.join(', ') || 'no address'}. Choose one with \`sui client switch --address <address>\``;
  return new AtomaError('wallet_address_missing', message, { fields: { active, present } });
}
