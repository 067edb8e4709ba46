import { AtomaError, ProcessLock } from '../core/index.js';
import {
  type ApiKey,
  formatKeys,
  hashSecret,
  newKeyId,
  newSecret,
  readKeysFile,
  stateOf,
} from '../rpc/index.js';
import { writePrivateFile } from './private-file.js';

/** How long another command may hold the file: an edit takes milliseconds. */
const LOCK_TIMEOUT_MS = 10_000;
const LOCK_POLL_MS = 20;

/** What a new key is to be. */
export type KeyOrder = Pick<
  ApiKey,
  'name' | 'scopes' | 'requests_per_minute' | 'tokens_per_minute' | 'expires'
>;

/**
 * Writes a new key into a file, which is made where there is none.
 * @returns the key, and its secret, which nothing else holds
 * @throws AtomaError `key_exists` for a name that is taken, `keys_file_*`, `file_unwritable`
 */
export function addKey(path: string, order: KeyOrder): Promise<{ key: ApiKey; secret: string }> {
  return edit(path, (keys) => {
    if (keys.some((key) => key.name === order.name && stateOf(key, Date.now()) === 'active')) {
      const message = `there is a key "${order.name}" in ${path} already: choose another name, or revoke that one first`;
      throw new AtomaError('key_exists', message, { fields: { path, name: order.name } });
    }
    const secret = newSecret();
    const now = new Date().toISOString();
    const key = { id: newKeyId(), ...order, sha256: hashSecret(secret), created: now, revoked: null };
    return { keys: [...keys, key], result: { key, secret } };
  });
}

/**
 * Revokes a key; one that is revoked already stays so.
 * @param wanted its id, or the name of one that stands
 * @throws AtomaError `key_not_found`, `keys_file_*`, `file_unwritable`
 */
export function revokeKey(path: string, wanted: string): Promise<ApiKey> {
  return edit(path, (keys) => {
    const now = Date.now();
    const found =
      keys.find((key) => key.id === wanted) ??
      keys.find((key) => key.name === wanted && stateOf(key, now) === 'active') ??
      keys.findLast((key) => key.name === wanted);
    if (found === undefined) {
      const message = `there is no key "${wanted}" in ${path}; keys list shows those that there are`;
      throw new AtomaError('key_not_found', message, { fields: { path, key: wanted } });
    }
    const revoked = { ...found, revoked: found.revoked ?? new Date(now).toISOString() };
    return { keys: keys.map((key) => (key === found ? revoked : key)), result: revoked };
  });
}

/** Reads, changes and writes the file, with no other command between. */
async function edit<T>(
  path: string,
  change: (keys: readonly ApiKey[]) => { readonly keys: readonly ApiKey[]; readonly result: T },
): Promise<T> {
  const lock = await ProcessLock.wait(`${path}.lock`, `the keys file ${path}`, {
    signal: AbortSignal.timeout(LOCK_TIMEOUT_MS),
    pollMs: LOCK_POLL_MS,
  });
  try {
    const { keys, result } = change((await readKeysFile(path))?.keys ?? []);
    await writePrivateFile(path, formatKeys(keys));
    return result;
  } finally {
    lock.release();
  }
}
