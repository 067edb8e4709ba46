import { rm, writeFile } from 'node:fs/promises';
import t from 'tap';
import { WebSocket } from 'ws';
import { revokeKey } from '#src/cli/keys-edit.js';
import { RpcClient } from '#src/cli/rpc-client.js';
import { SocketClient } from './rpc-clients.js';
import { completion } from './rpc-fake-node.js';
import { bearer, callWith, newKey, rawRequest, startGuarded, until } from './rpc-guarded.js';

const SCOPED = {
  runner: { scopes: ['generate'] },
  watcher: { scopes: ['read'] },
  boss: { scopes: ['admin'] },
} as const;

/** Each needs one scope. */
const CALLS = [
  ['generate', 'atoma_generate', { model: 'tiny', prompt: 'x' }],
  ['read', 'atoma_nodeInfo', {}],
  ['read', 'atoma_listTickets', {}],
  ['admin', 'atoma_unloadModel', { name: 'tiny' }],
] as const;

t.test('without keys the node is open to this machine, whatever a client sends', async (t) => {
  const { server, node } = await startGuarded(t);
  node.answer = () => completion('yes', [1]);
  for (const secret of [undefined, 'sk-any-client-sends-something']) {
    t.match(await callWith(server.url, secret, 'atoma_nodeInfo'), { status: 200, answer: { result: {} } });
    t.match((await callWith(server.url, secret, 'atoma_generate', { prompt: 'x' })).answer, {
      result: { text: 'yes' },
    });
    t.equal((await fetch(`${server.url}/metrics`, { headers: bearer(secret) })).status, 200);
  }
});

t.test('with a key every call needs one, and each key does what its scopes say', async (t) => {
  const { server, node, secrets } = await startGuarded(t, {}, SCOPED);
  node.answer = () => completion('yes', [1]);
  for (const secret of [undefined, 'atoma_sk_wrong', `${secrets['runner']}x`]) {
    const { status, headers, answer } = await callWith(server.url, secret, 'atoma_nodeInfo');
    t.equal(status, 401);
    t.equal(headers.get('www-authenticate'), 'Bearer');
    t.match(answer, { error: { code: -32040, data: { code: 'unauthorized' } } });
    for (const path of ['/metrics', '/', '/v1/models', '/nowhere']) {
      const refused = await fetch(server.url + path, { headers: bearer(secret) });
      t.match(refused, { status: 401 }, path);
      t.equal(refused.headers.get('www-authenticate'), 'Bearer', path);
    }
  }
  for (const path of ['/healthz', '/readyz']) t.equal((await fetch(server.url + path)).status, 200, path);
  for (const [name, { scopes }] of Object.entries(SCOPED)) {
    for (const [scope, method, params] of CALLS) {
      const { status, answer } = await callWith(server.url, secrets[name], method, params);
      t.equal(status, 200);
      const wanted =
        scopes[0] === scope
          ? { result: {} }
          : {
              error: {
                code: -32042,
                message: `This needs the scope "${scope}"`,
                data: { code: 'forbidden', scope },
              },
            };
      t.match(answer, wanted, `${name} ${method}`);
    }
    const metrics = await fetch(`${server.url}/metrics`, { headers: bearer(secrets[name]) });
    t.equal(metrics.status, name === 'watcher' ? 200 : 403);
  }
});

t.test('the admin_token goes on working, for its methods alone', async (t) => {
  const adminToken = 'a-token-of-the-configuration';
  const { server } = await startGuarded(t, { adminToken }, { app: {} });
  const unload = await callWith(server.url, adminToken, 'atoma_unloadModel', { name: 'tiny' });
  t.match(unload.answer, { result: {} });
  t.match((await callWith(server.url, adminToken, 'atoma_nodeInfo')).answer, {
    error: { data: { code: 'forbidden', scope: 'read' } },
  });
});

t.test('a WebSocket is opened with a key in the header, or as a subprotocol, never in the URL', async (t) => {
  const { server, secrets } = await startGuarded(t, {}, SCOPED);
  const secret = secrets['watcher'] ?? '';
  const address = `${server.url.replace('http', 'ws')}/ws`;
  const refusal = (socket: WebSocket): Promise<number | undefined> =>
    new Promise((resolve) => {
      socket.on('unexpected-response', (_request, response) => {
        t.equal(response.headers['www-authenticate'], 'Bearer');
        response.resume();
        resolve(response.statusCode);
      });
    });
  t.equal(await refusal(new WebSocket(address)), 401);
  t.equal(await refusal(new WebSocket(address, { headers: bearer('wrong') })), 401);
  t.equal(await refusal(new WebSocket(`${address}?key=${secret}&authorization=Bearer%20${secret}`)), 401);

  const byHeader = await SocketClient.connect(server.url, { headers: bearer(secret) });
  t.match(await byHeader.result(1, 'atoma_nodeInfo'), { version: '1.2.3' });
  byHeader.call(2, 'atoma_generate', { model: 'tiny', prompt: 'x' });
  t.match(await byHeader.next(), { error: { data: { code: 'forbidden', scope: 'generate' } } });
  byHeader.socket.close();

  const bySubprotocol = new WebSocket(address, ['atoma', `atoma.bearer.${secret}`]);
  await new Promise((resolve) => bySubprotocol.once('open', resolve));
  t.equal(bySubprotocol.protocol, 'atoma', 'the answer does not repeat the secret');
  bySubprotocol.close();

  const client = await RpcClient.connect(server.url, { apiKey: secret });
  t.match(await client.call('atoma_nodeInfo', {}), { version: '1.2.3' });
  client.close();
});

t.test('a revoked key stops working, also on WebSockets that are open', async (t) => {
  const { server, keysFile, secrets, log } = await startGuarded(t, {}, { app: {}, other: {} });
  const app = await SocketClient.connect(server.url, { headers: bearer(secrets['app']) });
  const other = await SocketClient.connect(server.url, { headers: bearer(secrets['other']) });
  const closed = app.closed();
  await revokeKey(keysFile, 'app');
  t.match(await closed, { code: 1008, reason: /revoked/ });
  t.equal((await callWith(server.url, secrets['app'], 'atoma_nodeInfo')).status, 401);
  t.match(await other.result(1, 'atoma_nodeInfo'), { version: '1.2.3' }, 'nobody else notices');

  const late = await newKey(keysFile, 'late');
  await until(
    () => callWith(server.url, late, 'atoma_nodeInfo'),
    ({ status }) => status === 200,
  );

  await writeFile(keysFile, '{ "keys": [ nonsense');
  await until(
    async () => log.some(({ level, problem }) => level === 50 && /:1: .*broken/.test(`${problem}`)),
    Boolean,
  );
  t.equal((await callWith(server.url, late, 'atoma_nodeInfo')).status, 200, 'a broken file changes nothing');

  const gone = other.closed();
  await rm(keysFile);
  t.match(await gone, { code: 1008 });
  t.equal(
    (await callWith(server.url, undefined, 'atoma_nodeInfo')).status,
    401,
    'losing its keys opens no node',
  );
});

t.test('the first key closes a node that was open, a key that runs out closes its socket', async (t) => {
  const { server, keysFile } = await startGuarded(t);
  const anybody = await SocketClient.connect(server.url);
  const closed = anybody.closed();
  const expires = new Date(Date.now() + 4_000).toISOString();
  const secret = await newKey(keysFile, 'short', { expires });
  t.match(await closed, { code: 1008, reason: /API key/ });
  t.equal((await callWith(server.url, undefined, 'atoma_nodeInfo')).status, 401);
  const short = await SocketClient.connect(server.url, { headers: bearer(secret) });
  t.match(await short.closed(), { code: 1008, reason: /expired/ });
  t.equal((await callWith(server.url, secret, 'atoma_nodeInfo')).status, 401);
});

t.test('requests and tokens are counted for each key', async (t) => {
  const { server, node, secrets } = await startGuarded(
    t,
    {},
    { few: { requests_per_minute: 2 }, small: { tokens_per_minute: 20 } },
  );
  node.answer = () => completion('yes', [1, 2]);
  const generate = (name: string, params: object = {}) =>
    callWith(server.url, secrets[name], 'atoma_generate', { model: 'tiny', prompt: 'x', ...params });
  await generate('few');
  t.match((await generate('few')).answer, { result: {} });
  t.match((await generate('few')).answer, {
    error: {
      code: -32014,
      message: /2 requests a minute/,
      data: { code: 'rate_limited', retry_after_ms: Number },
    },
  });
  t.match(
    (await callWith(server.url, secrets['few'], 'atoma_nodeInfo')).answer,
    { result: {} },
    'reading is not counted',
  );

  for (let index = 0; index < 5; index++) {
    t.match((await generate('small', { model: 'none' })).answer, {
      error: { data: { code: 'unknown_model' } },
    });
  }
  for (let index = 0; index < 4; index++) {
    t.match(
      (await generate('small')).answer,
      { result: {} },
      'what failed cost no tokens; these cost 5 each',
    );
  }
  t.match((await generate('small')).answer, { error: { message: /20 tokens a minute/ } });
});

t.test('tokens of a generation that its client left are counted', async (t) => {
  const { server, node, secrets } = await startGuarded(t, {}, { app: { tokens_per_minute: 3 } });
  const client = await SocketClient.connect(server.url, { headers: bearer(secrets['app']) });
  client.call(1, 'atoma_generate', { model: 'tiny', prompt: 'x', stream: true });
  const run = await node.nextRun();
  await client.next();
  run.stream.push('abc', [1, 2, 3]);
  run.fail(new Error('the client left'));
  await until(
    () => callWith(server.url, secrets['app'], 'atoma_generate', { model: 'none', prompt: 'x' }),
    ({ answer }) => JSON.stringify(answer).includes('rate_limited'),
  );
  client.socket.close();
});

t.test('admin acts are logged with who, what and how they ended, without secrets', async (t) => {
  const { server, log, secrets } = await startGuarded(t, {}, SCOPED);
  const load = { model_type: 'owner/name', precision: 'q8_0', token: 'hidden-value' };
  await callWith(server.url, secrets['boss'], 'atoma_unloadModel', { name: 'tiny' });
  await callWith(server.url, secrets['watcher'], 'atoma_unloadModel', { name: 'tiny' });
  await callWith(server.url, secrets['boss'], 'atoma_loadModel', load);
  await callWith(server.url, undefined, 'atoma_loadModel', load);
  const lines = log.filter(({ audit, method }) => audit === true && method !== undefined);
  const by = (name: string) => ({ by: { id: /^key_/, name }, address: '127.0.0.1', level: 30 });
  t.match(lines, [
    { ...by('boss'), method: 'atoma_unloadModel', params: '{"name":"tiny"}', outcome: 'done' },
    { ...by('watcher'), method: 'atoma_unloadModel', outcome: 'forbidden' },
    { ...by('boss'), method: 'atoma_loadModel', params: /owner\/name/, outcome: 'invalid_params' },
    { address: '127.0.0.1', method: 'POST /', outcome: 'unauthorized' },
  ]);
  const whole = JSON.stringify(log);
  t.notMatch(whole, 'hidden-value');
  for (const secret of Object.values(secrets)) t.notMatch(whole, secret);
});

t.test('beyond this machine the node wants a key that stands, or to be told', async (t) => {
  await t.rejects(startGuarded(t, { host: '0.0.0.0' }), {
    code: 'insecure_bind',
    message: /rpc\.host is 0\.0\.0\.0.*keys add.*127\.0\.0\.1.*--insecure/,
  });
  const { keysFile } = await startGuarded(t, {}, { app: {} });
  await revokeKey(keysFile, 'app');
  await t.rejects(
    startGuarded(t, { host: '0.0.0.0', keysFile }),
    { code: 'insecure_bind' },
    'a revoked key is none',
  );
  const insecure = await startGuarded(t, { host: '0.0.0.0', insecure: true });
  t.match(insecure.log, [{ level: 40, msg: /INSECURE/ }]);
  t.equal((await callWith(insecure.server.url, undefined, 'atoma_nodeInfo')).status, 200);
  const keyed = await startGuarded(t, { host: '0.0.0.0' }, { app: {} });
  t.equal((await rawRequest(`${keyed.server.url}/metrics`, bearer(keyed.secrets['app']))).status, 200);
});
