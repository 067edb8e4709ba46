import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { addKey, type KeyOrder } from '#src/cli/keys-edit.js';
import { RpcServer } from '#src/rpc/index.js';
import type { RpcServerOptions } from '#src/rpc/options.js';
import { FakeNode } from './rpc-fake-node.js';

interface Teardown {
  teardown(close: () => unknown): unknown;
}

/** A server with a keys file of its own, and everything it logs. */
export interface Guarded {
  readonly server: RpcServer;
  readonly node: FakeNode;
  readonly keysFile: string;
  readonly log: readonly Readonly<Record<string, unknown>>[];
}

/** A path in a folder that goes with the test. */
async function tempKeysFile(t: Teardown): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'atoma-access-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return join(dir, 'api-keys.json');
}

/** Starts a server before a node that a test drives. */
export async function startGuarded(
  t: Teardown,
  options: Partial<RpcServerOptions> = {},
  keys: Readonly<Record<string, Partial<KeyOrder>>> = {},
): Promise<Guarded & { readonly secrets: Readonly<Record<string, string>> }> {
  const keysFile = options.keysFile ?? (await tempKeysFile(t));
  const secrets: Record<string, string> = {};
  for (const [name, more] of Object.entries(keys)) secrets[name] = await newKey(keysFile, name, more);
  const log: Record<string, unknown>[] = [];
  const logger = pino({ level: 'trace' }, { write: (line: string) => void log.push(JSON.parse(line)) });
  const node = new FakeNode();
  const server = await RpcServer.start(
    { host: '127.0.0.1', port: 0, ...options, keysFile },
    { node, logger },
  );
  t.teardown(() => server.stop());
  return { server, node, keysFile, log, secrets };
}

/** A new key; its secret. */
export async function newKey(keysFile: string, name: string, more: Partial<KeyOrder> = {}): Promise<string> {
  const nothing = { requests_per_minute: null, tokens_per_minute: null, expires: null };
  const { secret } = await addKey(keysFile, { name, scopes: ['generate', 'read'], ...nothing, ...more });
  return secret;
}

/** Asks until the answer is wanted: files are looked at from time to time. */
export async function until<T>(ask: () => Promise<T>, isWanted: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export function bearer(secret: string | undefined): Record<string, string> {
  return secret === undefined ? {} : { authorization: `Bearer ${secret}` };
}

/** A call of JSON-RPC over HTTP: the status and the parsed answer. */
export async function callWith(
  url: string,
  secret: string | undefined,
  method: string,
  params: unknown = {},
): Promise<{ status: number; headers: Headers; answer: unknown }> {
  const headers = { 'content-type': 'application/json', ...bearer(secret) };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const response = await fetch(url, { method: 'POST', headers, body });
  return { status: response.status, headers: response.headers, answer: await response.json() };
}

/** A request with headers that `fetch` does not let one set. */
export function rawRequest(
  url: string,
  headers: Readonly<Record<string, string>>,
  method = 'GET',
): Promise<{ status: number; headers: Readonly<Record<string, unknown>>; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk);
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: Buffer.concat(chunks).toString(),
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}
