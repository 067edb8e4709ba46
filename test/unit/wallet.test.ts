import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeSuiPrivateKey, type Keypair, SIGNATURE_SCHEME_TO_FLAG } from '@mysten/sui/cryptography';
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519';
import { Secp256k1Keypair } from '@mysten/sui/keypairs/secp256k1';
import { Secp256r1Keypair } from '@mysten/sui/keypairs/secp256r1';
import { toBase64 } from '@mysten/sui/utils';
import { verifyPersonalMessageSignature } from '@mysten/sui/verify';
import t from 'tap';
import { loadWallet } from '#src/chain/index.js';
import { AtomaError } from '#src/core/index.js';

/** As the Sui CLI writes a key. */
function keystoreEntry(keypair: Keypair): string {
  const { scheme, secretKey } = decodeSuiPrivateKey(keypair.getSecretKey());
  return toBase64(Uint8Array.of(SIGNATURE_SCHEME_TO_FLAG[scheme], ...secretKey));
}

const KEYPAIRS: readonly Keypair[] = [
  new Ed25519Keypair(),
  new Secp256k1Keypair(),
  new Secp256r1Keypair(),
  new Ed25519Keypair(),
];
const ADDRESSES = KEYPAIRS.map((keypair) => keypair.toSuiAddress());
const KEYSTORE = JSON.stringify(KEYPAIRS.map(keystoreEntry));

interface Files {
  readonly yaml?: string;
  readonly keystore?: string | undefined;
  readonly mode?: number;
}

const yaml = (activeAddress: string, keystore = 'sui.keystore', activeEnv = 'testnet'): string => `---
keystore:
  File: ${keystore}
external_keys: ~
envs:
  - alias: mainnet
    rpc: "https://fullnode.mainnet.sui.io:443"
    ws: ~
    basic_auth: ~
  - alias: testnet
    rpc: "https://fullnode.testnet.sui.io:443"
    ws: ~
    basic_auth: "user:password"
    chain_id: 4c78adac
active_env: ${activeEnv}
active_address: ${activeAddress}
`;

async function walletFolder(
  t: { teardown(handler: () => Promise<void>): void },
  files: Files,
): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'atoma-wallet-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  const { keystore = KEYSTORE, mode = 0o600 } = files;
  if (!('keystore' in files) || files.keystore !== undefined) {
    await writeFile(join(dir, 'sui.keystore'), keystore);
    await chmod(join(dir, 'sui.keystore'), mode);
  }
  await writeFile(join(dir, 'client.yaml'), files.yaml ?? yaml('~'));
  return join(dir, 'client.yaml');
}

/** The error that a load ends in; its message must hold no key. */
async function failure(load: Promise<unknown>): Promise<AtomaError> {
  const error = await load.catch((caught: unknown) => caught);
  if (!(error instanceof AtomaError)) throw error;
  for (const keypair of KEYPAIRS) {
    if (error.message.includes(keystoreEntry(keypair).slice(1, 12)))
      throw new Error('a key is in the message');
  }
  return error;
}

t.test('the active address signs, whichever of the three schemes its key is of', async (t) => {
  for (const [index, address] of ADDRESSES.entries()) {
    const wallet = await loadWallet(await walletFolder(t, { yaml: yaml(`"${address}"`) }));
    t.equal(wallet.address, address);
    t.strictSame(wallet.warnings, []);
    const message = new TextEncoder().encode('atoma');
    const { signature } = await wallet.keypair.signPersonalMessage(message);
    await t.resolves(verifyPersonalMessageSignature(message, signature, { address }));
    t.equal(wallet.keypair.getKeyScheme(), KEYPAIRS[index]?.getKeyScheme());
  }
});

t.test('an address without quotes, or in upper case, is still an address', async (t) => {
  const [address = ''] = ADDRESSES;
  t.equal((await loadWallet(await walletFolder(t, { yaml: yaml(address) }))).address, address);
  const upper = `0x${address.slice(2).toUpperCase()}`;
  t.equal((await loadWallet(await walletFolder(t, { yaml: yaml(`"${upper}"`) }))).address, address);
});

t.test('without an active address the lowest one is taken, in any order of the file', async (t) => {
  const lowest = [...ADDRESSES].sort()[0];
  const backwards = JSON.stringify([...KEYPAIRS].reverse().map(keystoreEntry));
  for (const keystore of [KEYSTORE, backwards]) {
    t.equal((await loadWallet(await walletFolder(t, { yaml: yaml('~'), keystore }))).address, lowest);
  }
});

t.test('exported keys (suiprivkey1…) are taken as well', async (t) => {
  const keystore = JSON.stringify(KEYPAIRS.map((keypair) => keypair.getSecretKey()));
  const path = await walletFolder(t, { yaml: yaml(ADDRESSES[1] ?? ''), keystore });
  t.equal((await loadWallet(path)).address, ADDRESSES[1]);
});

t.test('the active environment, the first one where none is active, and none', async (t) => {
  const testnet = {
    alias: 'testnet',
    rpc: 'https://fullnode.testnet.sui.io:443',
    basicAuth: 'user:password',
  };
  const mainnet = { alias: 'mainnet', rpc: 'https://fullnode.mainnet.sui.io:443', basicAuth: undefined };
  const load = async (text: string) => loadWallet(await walletFolder(t, { yaml: text }));
  t.strictSame((await load(yaml('~'))).env, testnet);
  t.strictSame((await load(yaml('~', 'sui.keystore', '~'))).env, mainnet);

  const unknown = await load(yaml('~', 'sui.keystore', 'devnet'));
  t.equal(unknown.env, undefined);
  t.match(unknown.warnings, [/active_env is "devnet", but envs has no such alias/]);

  const none = await load(
    'keystore: { File: sui.keystore }\nenvs: []\nactive_env: null\nactive_address: null\n',
  );
  t.equal(none.env, undefined);
  t.strictSame(none.warnings, []);
});

t.test('a keystore by its absolute path', async (t) => {
  const keystore = join(await walletFolder(t, {}), '..', 'sui.keystore');
  const path = await walletFolder(t, { yaml: yaml('~', keystore), keystore: undefined });
  t.equal((await loadWallet(path)).address, [...ADDRESSES].sort()[0]);
});

t.test('a keystore that others may read is a warning', { skip: process.platform === 'win32' }, async (t) => {
  for (const mode of [0o644, 0o640, 0o604]) {
    const { warnings } = await loadWallet(await walletFolder(t, { mode }));
    t.match(warnings, [new RegExp(`mode ${mode.toString(8)}.*chmod 600 .*sui\\.keystore`)]);
  }
});

t.test('an active address that the keystore has no key for: the addresses present are named', async (t) => {
  const foreign = new Ed25519Keypair().toSuiAddress();
  const error = await failure(loadWallet(await walletFolder(t, { yaml: yaml(foreign) })));
  t.equal(error.code, 'wallet_address_missing');
  for (const address of [foreign, ...ADDRESSES]) t.match(error.message, address);
});

t.test('a wallet that cannot be used', async (t) => {
  const [entry = ''] = KEYPAIRS.map(keystoreEntry);
  const flagged = (flag: number, bytes: number) =>
    toBase64(Uint8Array.of(flag, ...new Uint8Array(bytes).fill(7)));
  const cases: readonly (readonly [Files, string, RegExp])[] = [
    [{ keystore: undefined }, 'wallet_empty', /no managed addresses/],
    [{ keystore: '[]' }, 'wallet_empty', /no managed addresses.*sui client new-address/],
    [{ yaml: yaml('~', '.') }, 'wallet_keystore_unreadable', /the keystore cannot be read \(EISDIR/],
    [{ keystore: entry }, 'wallet_keystore_invalid', /sui\.keystore: not JSON, wanted a JSON array/],
    [{ keystore: `{"a":"${entry}"}` }, 'wallet_keystore_invalid', /wanted a JSON array of base64 strings/],
    [
      {
        keystore: JSON.stringify([
          entry,
          entry.slice(4),
          5,
          flagged(0, 31),
          flagged(9, 32),
          '!',
          'suiprivkey1x',
        ]),
      },
      'wallet_keystore_invalid',
      /entry 1 has 30 bytes, wanted 33; entry 2 is no string; entry 3 has 32 bytes, wanted 33; entry 4 is of a key scheme other than .*; entry 5 is no base64; entry 6 is no valid suiprivkey/,
    ],
    [
      { keystore: JSON.stringify([toBase64(new Uint8Array(33).fill(0xff, 1).fill(1, 0, 1))]) },
      'wallet_keystore_invalid',
      /entry 0 is no valid secret/,
    ],
    [
      { yaml: 'keystore:\n  InMem:\n    keys: []\n' },
      'wallet_keystore_unsupported',
      /InMem keystore, wanted .* `File: <path>`/,
    ],
    [{ yaml: 'keystore: 5\n' }, 'wallet_config_invalid', /keystore: wanted a table with the path/],
    [{ yaml: 'envs: []\n' }, 'wallet_config_invalid', /keystore: wanted a table with the path/],
    [{ yaml: yaml('0xnothex') }, 'wallet_config_invalid', /active_address: wanted an address/],
    [{ yaml: 'a: "b' }, 'wallet_config_invalid', /client\.yaml: not YAML: .* line 1/],
    [{ yaml: '' }, 'wallet_config_invalid', /client\.yaml/],
  ];
  for (const [files, code, message] of cases) {
    const error = await failure(loadWallet(await walletFolder(t, files)));
    t.equal(error.code, code, error.message);
    t.match(error.message, message);
  }
});

t.test('a client.yaml that is not there, or a folder', async (t) => {
  const path = await walletFolder(t, {});
  const dir = join(path, '..', 'folder');
  await mkdir(dir);
  for (const wrong of [`${path}x`, dir]) {
    const error = await failure(loadWallet(wrong));
    t.equal(error.code, 'wallet_config_unreadable');
    t.match(error.message, /wanted the Sui CLI's client\.yaml/);
  }
});
