import { execFile } from 'node:child_process';
import { appendFile, readdir, readFile, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { z } from 'zod';
import { cleanEnv, modelConfig, RunningCli, runCli } from './cli.js';

const TLS = {
  cert: resolve('test/fixtures/tls/first.cert.pem'),
  key: resolve('test/fixtures/tls/first.key.pem'),
};
const ADMIN_TOKEN = 'admin-token-that-nobody-may-see';
const HUB_KEY = 'hf_hub-key-that-nobody-may-see';

/** Asks a URL from a process of its own: which authorities it trusts is read from the environment at its start. */
const ASK = `
const [, url, method] = process.argv;
const { ATOMA_API_KEY: key } = process.env;
const headers = { 'content-type': 'application/json', ...(key && { authorization: 'Bearer ' + key }) };
const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: JSON.parse(process.env.PARAMS ?? '{}') });
const response = await fetch(url, { method: 'POST', headers, body });
console.log(JSON.stringify({ status: response.status, answer: await response.json() }));
`;

async function ask(
  url: string,
  apiKey: string | undefined,
  method: string,
  params: object = {},
): Promise<unknown> {
  const env = cleanEnv({
    NODE_EXTRA_CA_CERTS: TLS.cert,
    PARAMS: JSON.stringify(params),
    ...(apiKey && { ATOMA_API_KEY: apiKey }),
  });
  const args = ['--input-type=module', '--eval', ASK, url, method];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  return JSON.parse(stdout);
}

const Added = z.object({ id: z.string(), secret: z.string(), file: z.string() });

/** A hub that has nothing, and the keys it was shown. */
async function emptyHub(t: Test): Promise<{ url: string; keys: Set<string | undefined> }> {
  const keys = new Set<string | undefined>();
  const hub = createServer((request: IncomingMessage, response) => {
    keys.add(request.headers.authorization);
    response.writeHead(404).end();
  });
  await new Promise<void>((listening) => hub.listen(0, '127.0.0.1', listening));
  t.teardown(() => new Promise((closed) => hub.close(closed)));
  return { url: `http://127.0.0.1:${(hub.address() as AddressInfo).port}`, keys };
}

/** The command lines of all processes, where the system tells them. */
async function commandLines(): Promise<readonly string[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  return Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
}

t.test(
  'a node beyond this machine: refused without keys, served over TLS with one, shut to it when revoked',
  async (t) => {
    const config = await modelConfig(t);
    const flags = ['--model-config-path', config];
    await appendFile(
      config,
      `[rpc]\nhost = "0.0.0.0"\ntls_cert = "${TLS.cert}"\ntls_key = "${TLS.key}"\nadmin_token = "${ADMIN_TOKEN}"\n`,
    );
    const refused = await runCli(['start', ...flags]);
    t.equal(refused.code, 2);
    t.match(refused.stderr, /rpc\.host is 0\.0\.0\.0.*keys add.*--insecure/s);
    t.notMatch(refused.stderr, ADMIN_TOKEN);

    const added = await runCli([
      'keys',
      'add',
      'app',
      ...flags,
      '--scope',
      'generate,read',
      '--expires',
      '30d',
      '--json',
    ]);
    t.equal(added.code, 0);
    const { id, secret, file } = Added.parse(JSON.parse(added.stdout));
    t.equal((await stat(file)).mode & 0o777, 0o600);

    const hub = await emptyHub(t);
    const hubConfig = config.replace('model.toml', 'with-hub.toml');
    await appendFile(hubConfig, `api_key = "${HUB_KEY}"\n${await readFile(config, 'utf8')}`);
    const node = new RunningCli(t, ['start', '--model-config-path', hubConfig, '--json'], {
      LOG_LEVEL: 'trace',
      HF_ENDPOINT: hub.url,
    });
    const url = String((await node.next())['url']).replace('0.0.0.0', '127.0.0.1');
    t.match(url, /^https:/);
    t.match(await node.next(), { type: 'ready' });

    const generate = { prompt: 'Hello', max_tokens: 3 };
    t.match(await ask(url, undefined, 'atoma_generate', generate), { status: 401 });
    t.match(await ask(url, secret, 'atoma_generate', generate), { status: 200, answer: { result: {} } });
    t.match(await ask(url, secret, 'atoma_loadModel', { model_type: 'owner/name' }), {
      answer: { error: { data: { code: 'forbidden', scope: 'admin' } } },
    });
    t.match(await ask(url, ADMIN_TOKEN, 'atoma_loadModel', { model_type: 'owner/name' }), {
      answer: { error: { data: { code: /model_not_found/ } } },
    });
    t.strictSame([...hub.keys], [`Bearer ${HUB_KEY}`], 'the key of the hub was used');
    t.notMatch((await commandLines()).join('\n'), new RegExp([secret, ADMIN_TOKEN, HUB_KEY].join('|')));

    t.equal((await runCli(['keys', 'revoke', 'app', ...flags])).code, 0);
    for (;;) {
      const answer = await ask(url, secret, 'atoma_nodeInfo');
      if (JSON.stringify(answer).startsWith('{"status":401')) break;
    }
    node.child.kill('SIGTERM');
    t.match(await node.next(), { type: 'stopped' });
    t.equal(await node.exited(), 0);

    const pem = (await readFile(TLS.key, 'utf8')).split('\n')[1] ?? '';
    for (const hidden of [secret, ADMIN_TOKEN, HUB_KEY, pem]) t.notMatch(node.stderr, hidden);
    const audit = node.stderr.split('\n').filter((line) => line.includes('"audit":true'));
    t.match(
      audit.join('\n'),
      new RegExp(`"id":"${id}","name":"app".*"method":"atoma_loadModel".*"outcome":"forbidden"`),
    );
    t.match(audit.join('\n'), /"id":"admin_token".*"method":"atoma_loadModel".*owner\/name/);
  },
);

t.test('keys are listed without secrets; what is wrong is bad usage', async (t) => {
  const config = await modelConfig(t);
  const file = config.replace('model.toml', 'keys.json');
  const keys = (...args: string[]) => runCli(['keys', ...args, '--keys-file', file]);
  t.match(await keys('list'), { code: 0, stdout: /no keys in/ });
  const added = await keys('add', 'app', '--requests-per-minute', '60', '--tokens-per-minute', '1000');
  t.match(added, { code: 0, stdout: /^atoma_sk_[\w-]{43}\n$/, stderr: /shown this once/ });
  const [listed, json] = await Promise.all([keys('list'), keys('list', '--json')]);
  t.match(listed.stdout, /^NAME .*\napp +key_[0-9a-f]{12} +active +generate,read +60 +1000 .*never\n$/);
  t.match(JSON.parse(json.stdout), { type: 'key', name: 'app', state: 'active', requests_per_minute: 60 });
  for (const text of [listed.stdout, json.stdout]) t.notMatch(text, /atoma_sk_|[0-9a-f]{64}/);
  const wrong = await Promise.all([
    keys('add', 'x', '--scope', 'everything'),
    keys('add', 'x', '--expires', 'soon'),
    keys('add', 'x', '--tokens-per-minute', '-1'),
    keys('add', 'a name'),
    runCli(['keys', 'list']),
  ]);
  for (const { code, stderr } of wrong) t.match({ code, stderr }, { code: 2, stderr: /error: .*[Ww]anted/s });
  t.match(await keys('add', 'app'), { code: 1, stderr: /there is a key "app"/ });
  t.match(await keys('revoke', 'nobody'), { code: 1, stderr: /no key "nobody"/ });
  await appendFile(file, 'x');
  t.match(await keys('list'), { code: 2, stderr: /keys\.json:\d+: the keys file is broken/ });
});
