import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import t from 'tap';
import { WebSocket } from 'ws';
import { readReadiness } from '#src/node/operator/local-node.js';
import { bearer, startGuarded, until } from './rpc-guarded.js';

/** Certificates for localhost and 127.0.0.1 that vouch for themselves, made for these tests alone. */
const FIXTURES = 'test/fixtures/tls';
const ca = await Promise.all(['first', 'second'].map((name) => readFile(join(FIXTURES, `${name}.cert.pem`))));

async function tlsFiles(t: { teardown(close: () => unknown): unknown }) {
  const dir = await mkdtemp(join(tmpdir(), 'atoma-tls-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  const files = { certFile: join(dir, 'cert.pem'), keyFile: join(dir, 'key.pem') };
  await install(files, 'first');
  return files;
}

type Files = Awaited<ReturnType<typeof tlsFiles>>;

async function install({ certFile, keyFile }: Files, name: string): Promise<void> {
  await copyFile(join(FIXTURES, `${name}.cert.pem`), certFile);
  await copyFile(join(FIXTURES, `${name}.key.pem`), keyFile);
}

/** A handshake: who the server says it is, and the version. */
async function handshake(
  port: number,
  options: object = {},
): Promise<{ name: unknown; version: string | null }> {
  const socket: TLSSocket = connect({ port, host: '127.0.0.1', ca, ...options });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
    });
    return { name: socket.getPeerCertificate().subject.CN, version: socket.getProtocol() };
  } finally {
    socket.destroy();
  }
}

function get(url: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { ca, headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

t.test('with a certificate the node speaks https and wss, TLS 1.2 or later', async (t) => {
  const { server, secrets } = await startGuarded(t, { tls: await tlsFiles(t) }, { app: {} });
  t.match(server.url, /^https:\/\/127\.0\.0\.1:\d+$/);
  t.equal(await get(`${server.url}/healthz`, {}), 200);
  t.equal(await get(`${server.url}/metrics`, {}), 401);
  t.equal(await get(`${server.url}/metrics`, bearer(secrets['app'])), 200);
  const socket = new WebSocket(`${server.url.replace('https', 'wss')}/ws`, {
    ca,
    headers: bearer(secrets['app']),
  });
  const answer = new Promise<string>((resolve) => socket.once('message', (data) => resolve(String(data))));
  socket.once('open', () => socket.send('{"jsonrpc":"2.0","id":1,"method":"atoma_nodeInfo"}'));
  t.match(JSON.parse(await answer), { result: { version: '1.2.3' } });
  socket.close();
  t.match(await handshake(server.port), { name: 'first.localhost', version: 'TLSv1.3' });
  t.match(await handshake(server.port, { maxVersion: 'TLSv1.2' }), { version: 'TLSv1.2' });
  // OpenSSL's own level of security forbids clients older versions too, unless it is lowered.
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
  await t.rejects(handshake(server.port, old), { code: /VERSION|ALERT|ECONNRESET/ });
  await t.rejects(fetch(server.url.replace('https', 'http')), 'plain HTTP is not answered');
});

t.test('a renewed certificate is served to new connections, a broken one is not', async (t) => {
  const files = await tlsFiles(t);
  const { server, log } = await startGuarded(t, { tls: files });
  await writeFile(files.certFile, 'no certificate');
  await until(
    async () => log.some(({ level, problem }) => level === 40 && /tls_cert/.test(`${problem}`)),
    Boolean,
  );
  t.match(await handshake(server.port), { name: 'first.localhost' });
  await install(files, 'second');
  await until(
    () => handshake(server.port),
    ({ name }) => name === 'second.localhost',
  );
  t.equal(await get(`${server.url}/healthz`, {}), 200);
});

t.test('files that cannot be used are named with their keys', async (t) => {
  const files = await tlsFiles(t);
  const other = await tlsFiles(t);
  await install(other, 'second');
  const broken = join(files.certFile, '..', 'broken.pem');
  await writeFile(broken, 'nonsense');
  const cases: [Files, string, RegExp][] = [
    [{ ...files, keyFile: '/nowhere/key.pem' }, 'tls_unreadable', /rpc\.tls_key: \/nowhere\/key\.pem/],
    [{ ...files, certFile: '/nowhere/c.pem' }, 'tls_unreadable', /rpc\.tls_cert: \/nowhere\/c\.pem/],
    [{ ...files, certFile: broken }, 'tls_invalid', /rpc\.tls_cert: .*broken\.pem is no certificate/],
    [{ ...files, keyFile: broken }, 'tls_invalid', /rpc\.tls_key: .*broken\.pem is no private key/],
    [{ ...files, keyFile: other.keyFile }, 'tls_invalid', /rpc\.tls_key: .*not the key of the certificate/],
  ];
  for (const [tls, code, message] of cases) await t.rejects(startGuarded(t, { tls }), { code, message });
});

t.test('a certificate that nobody vouches for is told as such by status', async (t) => {
  const tls = await tlsFiles(t);
  const { server, keysFile } = await startGuarded(t, { tls });
  const nothing = { adminToken: undefined, corsOrigins: [], limits: {} };
  const ask = (allowedHosts: readonly string[], files: Files | undefined) =>
    readReadiness({
      rpc: { host: '127.0.0.1', keysFile, allowedHosts, tls: files, ...nothing },
      jrpcPort: server.port,
    });
  t.match(await ask([], tls), { problem: /https:.*self.signed certificate.*NODE_EXTRA_CA_CERTS/ });
  t.match(await ask([], undefined), { problem: /nothing answers at http:/ });
});
