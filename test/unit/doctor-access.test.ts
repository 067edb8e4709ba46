import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import t from 'tap';
import { addKey, revokeKey } from '#src/cli/keys-edit.js';
import type { RpcConfig } from '#src/config/index.js';
import { accessCheck } from '#src/node/doctor/access.js';

const NOBODY = new AbortController().signal;
const TLS = {
  certFile: resolve('test/fixtures/tls/first.cert.pem'),
  keyFile: resolve('test/fixtures/tls/first.key.pem'),
};

t.test('doctor says who could use the node, and what start would refuse', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'atoma-doctor-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  const keysFile = join(dir, 'api-keys.json');
  const check = (change: Partial<RpcConfig>) => {
    const nothing = { adminToken: undefined, corsOrigins: [], allowedHosts: [], tls: undefined, limits: {} };
    return accessCheck({ host: '127.0.0.1', keysFile, ...nothing, ...change }).run(NOBODY);
  };
  t.match(await check({}), { status: 'ok', found: /this machine alone, without keys/ });
  await t.rejects(check({ host: '0.0.0.0' }), { code: 'insecure_bind' });
  const order = { requests_per_minute: null, tokens_per_minute: null, expires: null };
  await addKey(keysFile, { name: 'app', scopes: ['generate'], ...order });
  t.match(await check({ host: '0.0.0.0' }), { status: 'ok', found: /1 API key/ });
  t.match(await check({ tls: TLS }), { status: 'ok', found: /first\.cert\.pem ends on 21/ });
  await t.rejects(check({ tls: { ...TLS, keyFile: keysFile } }), { code: 'tls_invalid' });
  await revokeKey(keysFile, 'app');
  await t.rejects(check({ host: '0.0.0.0' }), { code: 'insecure_bind' });
  await writeFile(keysFile, '{');
  await t.rejects(check({}), { code: 'keys_file_invalid' });
});
