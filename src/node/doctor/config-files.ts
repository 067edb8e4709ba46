import { stat } from 'node:fs/promises';
import type { Config, ConfigPaths } from '../../config/index.js';
import { type Check, type Finding, ok, warn } from './check.js';

/** Permission bits of a file for its group and for others. */
const GROUP_AND_OTHERS = 0o077;

/** Whether files of the configuration that hold secrets are their owner's alone. */
export function secretFilesCheck(config: Config, paths: ConfigPaths): Check {
  return { area: 'files', name: 'secrets', otherwise: 'warn', run: () => judge(secretFiles(config, paths)) };
}

interface SecretFile {
  readonly path: string;
  /** What it holds: `api_key`. */
  readonly holds: readonly string[];
}

async function judge(files: readonly SecretFile[]): Promise<Finding> {
  // Windows has no such bits.
  if (files.length === 0 || process.platform === 'win32')
    return ok('no file of the configuration is at risk');
  const open: { readonly path: string; readonly what: string }[] = [];
  for (const { path, holds } of files) {
    const { mode } = await stat(path);
    if ((mode & GROUP_AND_OTHERS) === 0) continue;
    const octal = (mode & 0o777).toString(8).padStart(3, '0');
    open.push({ path, what: `${path} (mode ${octal}) holds ${holds.join(' and ')}` });
  }
  if (open.length === 0) return ok(`${files.map(({ path }) => path).join(', ')}: for their owner alone`);
  return warn(
    `other users of this machine may read it: ${open.map(({ what }) => what).join('; ')}`,
    `run \`chmod 600 ${open.map(({ path }) => path).join(' ')}\``,
  );
}

function secretFiles({ inference, chain }: Config, paths: ConfigPaths): readonly SecretFile[] {
  const holds = new Map<string, string[]>();
  const add = (path: string | undefined, key: string, there: boolean): void => {
    if (path !== undefined && there) holds.set(path, [...(holds.get(path) ?? []), key]);
  };
  const { configPath: whole, modelConfigPath, suiSubscriberPath } = paths;
  add(whole ?? modelConfigPath, 'api_key', inference.apiKey !== undefined);
  add(whole ?? modelConfigPath, 'admin_token', inference.rpc.adminToken !== undefined);
  add(inference.rpc.tls?.keyFile, 'the key of the TLS certificate', true);
  const url = chain === undefined ? undefined : new URL(chain.subscriber.httpUrl);
  add(whole ?? suiSubscriberPath, "the endpoint's password", (url?.password ?? '') !== '');
  return [...holds].map(([path, keys]) => ({ path, holds: keys }));
}
