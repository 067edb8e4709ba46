import { readFile, stat } from 'node:fs/promises';
import {
  decodeSuiPrivateKey,
  SIGNATURE_FLAG_TO_SCHEME,
  type Signer,
  SUI_PRIVATE_KEY_PREFIX,
} from '@mysten/sui/cryptography';
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519';
import { Secp256k1Keypair } from '@mysten/sui/keypairs/secp256k1';
import { Secp256r1Keypair } from '@mysten/sui/keypairs/secp256r1';
import { fromBase64 } from '@mysten/sui/utils';
import { z } from 'zod';
import { AtomaError, messageOf } from '../../core/index.js';

/** A flag byte and a secret of 32 bytes. */
const ENTRY_BYTES = 33;
/** Permission bits of a file for its group and for others. */
const GROUP_AND_OTHERS = 0o077;

const KEYPAIRS: Readonly<Record<string, { fromSecretKey(secret: Uint8Array): Signer }>> = {
  ED25519: Ed25519Keypair,
  Secp256k1: Secp256k1Keypair,
  Secp256r1: Secp256r1Keypair,
};

/**
 * The keys of a Sui CLI keystore by their address; a file that does not exist holds none.
 * @throws AtomaError `wallet_keystore_unreadable`; `wallet_keystore_invalid`, which names the entries that are
 * wrong by their index and never shows what they hold.
 */
export async function readKeystore(
  path: string,
): Promise<{ readonly keys: ReadonlyMap<string, Signer>; readonly warnings: readonly string[] }> {
  const text = await readText(path);
  if (text === undefined) return { keys: new Map(), warnings: [] };
  const keys = new Map<string, Signer>();
  const problems: string[] = [];
  for (const [index, entry] of parseEntries(text, path).entries()) {
    const keypair = keypairOf(entry);
    if (typeof keypair === 'string') problems.push(`entry ${index} ${keypair}`);
    else keys.set(keypair.toSuiAddress(), keypair);
  }
  if (problems.length > 0) throw invalid(path, problems.join('; '));
  return { keys, warnings: await permissionWarnings(path) };
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    const message = `${path}: the keystore cannot be read (${messageOf(cause)}), wanted a file that the user who runs the node may read`;
    throw new AtomaError('wallet_keystore_unreadable', message, { cause });
  }
}

function parseEntries(text: string, path: string): readonly unknown[] {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, and with it a key.
    throw invalid(path, 'not JSON, wanted a JSON array of base64 strings');
  }
  const entries = z.array(z.unknown()).safeParse(content);
  if (!entries.success) throw invalid(path, 'wanted a JSON array of base64 strings');
  return entries.data;
}

/** The key of an entry, or what is wrong with it, told without its content. */
function keypairOf(entry: unknown): Signer | string {
  if (typeof entry !== 'string') return 'is no string';
  const decoded = entry.startsWith(SUI_PRIVATE_KEY_PREFIX) ? fromBech32(entry) : fromFlagged(entry);
  if (typeof decoded === 'string') return decoded;
  const scheme = KEYPAIRS[decoded.scheme];
  if (scheme === undefined) return 'is of a key scheme other than ed25519, secp256k1 and secp256r1';
  try {
    return scheme.fromSecretKey(decoded.secret);
  } catch {
    return 'is no valid secret of its key scheme';
  }
}

interface Decoded {
  readonly scheme: string;
  readonly secret: Uint8Array;
}

/** What the CLI writes: base64 of the scheme's flag byte and the secret. */
function fromFlagged(entry: string): Decoded | string {
  let bytes: Uint8Array;
  try {
    bytes = fromBase64(entry);
  } catch {
    return 'is no base64';
  }
  if (bytes.length !== ENTRY_BYTES) return `has ${bytes.length} bytes, wanted ${ENTRY_BYTES}`;
  const flags: Readonly<Record<number, string>> = SIGNATURE_FLAG_TO_SCHEME;
  return { scheme: flags[bytes[0] ?? -1] ?? '', secret: bytes.slice(1) };
}

/** The form in which keys are exported (`suiprivkey1…`). */
function fromBech32(entry: string): Decoded | string {
  try {
    const { scheme, secretKey } = decodeSuiPrivateKey(entry);
    return { scheme, secret: secretKey };
  } catch {
    return 'is no valid suiprivkey string';
  }
}

async function permissionWarnings(path: string): Promise<readonly string[]> {
  // Windows has no such bits.
  if (process.platform === 'win32') return [];
  const { mode } = await stat(path);
  if ((mode & GROUP_AND_OTHERS) === 0) return [];
  const octal = (mode & 0o777).toString(8).padStart(3, '0');
  return [
    `${path}: other users of this machine may use the node's keys (mode ${octal}): run \`chmod 600 ${path}\``,
  ];
}

function invalid(path: string, text: string): AtomaError {
  return new AtomaError('wallet_keystore_invalid', `${path}: ${text}`);
}
