import { readFile, stat } from 'node:fs/promises';
import {
  SIGNATURE_FLAG_TO_SCHEME,
  type SignatureScheme,
  type Signer,
  SUI_PRIVATE_KEY_PREFIX,
} from '@mysten/sui/cryptography';
import { fromBase64 } from '@mysten/sui/utils';
import { z } from 'zod';
import { AtomaError, messageOf } from '../../core/index.js';
import { invalidKey, keypairFromExport, keypairFromSecret } from './keypair.js';

/** A flag byte and a secret of 32 bytes. */
const ENTRY_BYTES = 33;
/** Permission bits of a file for its group and for others. */
const GROUP_AND_OTHERS = 0o077;

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
    try {
      const keypair = keypairOf(entry);
      keys.set(keypair.toSuiAddress(), keypair);
    } catch (error) {
      if (!(error instanceof AtomaError)) throw error;
      problems.push(`entry ${index} ${error.fields['what']}`);
    }
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

/**
 * The key of an entry: base64 of the scheme's flag byte and the secret, as the CLI writes it, or an exported
 * key.
 * @throws AtomaError `invalid_key`
 */
function keypairOf(entry: unknown): Signer {
  if (typeof entry !== 'string') throw invalidKey('is no string');
  if (entry.startsWith(SUI_PRIVATE_KEY_PREFIX)) return keypairFromExport(entry);
  const bytes = decodeBase64(entry);
  if (bytes.length !== ENTRY_BYTES) {
    throw invalidKey(`has ${bytes.length} bytes, wanted ${ENTRY_BYTES}`);
  }
  const flags: Readonly<Record<number, SignatureScheme>> = SIGNATURE_FLAG_TO_SCHEME;
  return keypairFromSecret(flags[bytes[0] ?? -1], bytes.slice(1));
}

function decodeBase64(entry: string): Uint8Array {
  try {
    return fromBase64(entry);
  } catch {
    throw invalidKey('is no base64');
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
