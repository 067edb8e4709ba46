import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { AtomaError } from '../core/index.js';

/** Environment variables, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The hub that is asked unless `HF_ENDPOINT` names a mirror of it. */
const DEFAULT_ENDPOINT = 'https://huggingface.co';

/**
 * The hub's address, without a slash at its end.
 * @throws AtomaError `invalid_config` where `HF_ENDPOINT` is no address.
 */
export function endpointOf(env: Environment): string {
  const endpoint = (env['HF_ENDPOINT'] || DEFAULT_ENDPOINT).replace(/\/+$/, '');
  if (/^https?:\/\/[^/]/.test(endpoint) && URL.canParse(endpoint)) return endpoint;
  throw new AtomaError('invalid_config', 'HF_ENDPOINT is no URL that starts with https:// or http://');
}

/** Whether the hub is not to be asked: the switch of the hub's own tools, in the words that they take. */
export function isOffline(env: Environment): boolean {
  return /^(1|on|yes|true)$/i.test(env['HF_HUB_OFFLINE'] ?? '');
}

/** Whether what is sent to an address can be read on the way. */
export function isOpenToReaders(endpoint: string): boolean {
  const { protocol, hostname } = new URL(endpoint);
  return protocol === 'http:' && !/^(localhost|127\..*|\[::1\])$/.test(hostname);
}

/** Where the hub's own tools keep what they download. */
export function defaultCacheDir(env: Environment): string {
  return env['HF_HUB_CACHE'] || env['HUGGINGFACE_HUB_CACHE'] || join(hubHome(env), 'hub');
}

/** The key that the hub's own tools use: of `HF_TOKEN`, or of the file that their login writes. */
export async function defaultApiKey(env: Environment): Promise<string | undefined> {
  const named = env['HF_TOKEN']?.trim();
  if (named) return named;
  const file = env['HF_TOKEN_PATH'] || join(hubHome(env), 'token');
  const written = await readFile(file, 'utf8').catch(() => '');
  return written.trim() || undefined;
}

function hubHome(env: Environment): string {
  const cache = env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache');
  return env['HF_HOME'] || join(cache, 'huggingface');
}
