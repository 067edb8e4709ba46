import type { Command } from 'commander';
import { type ApiKey, readKeysFile, type Scope, stateOf } from '../rpc/index.js';
import { EXIT, writeLine } from './exit.js';
import { addKey, revokeKey } from './keys-edit.js';
import {
  addKeysFileOptions,
  type KeysFileFlags,
  keysFileOf,
  parseExpiry,
  parseKeyName,
  parseRate,
  parseScopes,
} from './keys-flags.js';
import { ending } from './operator-command.js';
import { tableText } from './text-layout.js';

const HELP = `
The file holds a hash of each secret, never the secret itself, and is its owner's alone (mode 0600). With the first
key in it every call to the node needs one, on this machine too (but /healthz and /readyz). A node that runs sees a
change within a second: revoked keys stop working, and their WebSockets are closed.

Scopes:
  generate   run prompts: atoma_generate, /v1/chat/completions, /v1/completions, /v1/embeddings
  read       see what the node does: the other atoma_ methods, /metrics
  admin      change what it runs: atoma_loadModel, atoma_unloadModel

Examples:
  $ node dist/main.js keys add app --model-config-path config/model.toml --scope generate --expires 30d
  $ node dist/main.js keys add prometheus --model-config-path config/model.toml --scope read
  $ node dist/main.js keys list --model-config-path config/model.toml
  $ node dist/main.js keys revoke app --model-config-path config/model.toml

Clients send it as: Authorization: Bearer atoma_sk_...`;

interface AddFlags extends KeysFileFlags {
  readonly scope: readonly Scope[];
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
  readonly expires?: number;
}

/** Adds `keys`: who may use the node. */
export function addKeys(program: Command): void {
  const keys = program.command('keys').description('make, list and revoke the API keys of the node');
  keys.addHelpText('after', HELP);
  addKeysFileOptions(keys.command('add').description('make a key; its secret is shown once'))
    .argument('<name>', 'what logs call it', parseKeyName)
    .option('--scope <scopes>', 'generate, read, admin; several with commas between', parseScopes, [
      'generate',
      'read',
    ])
    .option('--requests-per-minute <n>', 'generations a minute (default: no limit)', parseRate)
    .option(
      '--tokens-per-minute <n>',
      'tokens of prompts and answers a minute (default: no limit)',
      parseRate,
    )
    .option('--expires <time>', 'after 90m, 12h, 30d, 8w (default: never)', parseExpiry)
    .option('--json', 'NDJSON on stdout: key_added, with the secret')
    .action(ending(add));
  addKeysFileOptions(keys.command('list').description('names, scopes, rates, expiry and state; no secrets'))
    .option('--json', 'NDJSON on stdout: one line a key')
    .action(ending(list));
  addKeysFileOptions(keys.command('revoke').description('make a key worthless'))
    .argument('<key>', 'its name or its id')
    .option('--json', 'NDJSON on stdout: key_revoked')
    .action(ending(revoke));
}

async function add(name: string, flags: AddFlags): Promise<number> {
  const file = await keysFileOf(flags);
  const { key, secret } = await addKey(file, {
    name,
    scopes: flags.scope,
    requests_per_minute: flags.requestsPerMinute ?? null,
    tokens_per_minute: flags.tokensPerMinute ?? null,
    expires: flags.expires === undefined ? null : new Date(Date.now() + flags.expires).toISOString(),
  });
  if (flags.json) writeLine({ type: 'key_added', ...lineOf(key), secret, file });
  else {
    process.stdout.write(`${secret}\n`);
    process.stderr.write(
      `key ${key.name} (${key.id}) is in ${file}; the line above is its secret, which is shown this once and kept nowhere\n`,
    );
  }
  return EXIT.done;
}

async function list(flags: KeysFileFlags): Promise<number> {
  const file = await keysFileOf(flags);
  const keys = (await readKeysFile(file))?.keys ?? [];
  if (flags.json) for (const key of keys) writeLine({ type: 'key', ...lineOf(key) });
  else if (keys.length === 0) process.stdout.write(`no keys in ${file}\n`);
  else process.stdout.write(tableText([COLUMNS, ...keys.map(rowOf)]));
  return EXIT.done;
}

async function revoke(wanted: string, flags: KeysFileFlags): Promise<number> {
  const file = await keysFileOf(flags);
  const key = await revokeKey(file, wanted);
  if (flags.json) writeLine({ type: 'key_revoked', ...lineOf(key) });
  else process.stdout.write(`key ${key.name} (${key.id}) is revoked\n`);
  return EXIT.done;
}

const COLUMNS = ['NAME', 'ID', 'STATE', 'SCOPES', 'REQUESTS/MIN', 'TOKENS/MIN', 'CREATED', 'EXPIRES'];

function rowOf(key: ApiKey): readonly string[] {
  const rate = (limit: number | null): string => limit?.toString() ?? 'no limit';
  return [
    key.name,
    key.id,
    stateOf(key, Date.now()),
    key.scopes.join(','),
    rate(key.requests_per_minute),
    rate(key.tokens_per_minute),
    key.created,
    key.expires ?? 'never',
  ];
}

/** All but the hash: it opens nothing, and is of no use to a reader. */
function lineOf(key: ApiKey): Readonly<Record<string, unknown>> {
  const { sha256: _hash, ...shown } = key;
  return { ...shown, state: stateOf(key, Date.now()) };
}
