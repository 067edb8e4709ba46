import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { WebSocket } from 'ws';
import { post, SocketClient } from './rpc-clients.js';
import { completion } from './rpc-fake-node.js';
import { callWith, rawRequest, startGuarded } from './rpc-guarded.js';

const APP = 'https://app.example';

/** How a WebSocket that is asked for ends: `open`, or the status of the refusal. */
function opened(url: string, headers: Record<string, string>): Promise<string | number | undefined> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers });
  return new Promise((resolve) => {
    socket.once('open', () => {
      socket.close();
      resolve('open');
    });
    socket.once('unexpected-response', (_request, response) => {
      response.resume();
      resolve(response.statusCode);
    });
  });
}

t.test('a name that is not the node’s is refused, over HTTP and for WebSockets', async (t) => {
  const { server } = await startGuarded(t, { allowedHosts: ['node.example'] });
  const port = new URL(server.url).port;
  for (const host of ['localhost', `127.0.0.1:${port}`, `node.example:${port}`, 'NODE.example']) {
    t.equal((await rawRequest(`${server.url}/healthz`, { host })).status, 200, host);
    t.equal(await opened(server.url, { host }), 'open', host);
  }
  for (const host of ['evil.example', `evil.example:${port}`, 'localhost.evil.example', '192.168.1.1']) {
    const { status, body } = await rawRequest(`${server.url}/healthz`, { host });
    t.match(
      { status, answer: JSON.parse(body) },
      {
        status: 403,
        answer: { error: { code: -32035, message: /rpc\.allowed_hosts/, data: { code: 'host_refused' } } },
      },
    );
    t.equal(await opened(server.url, { host }), 403, host);
  }
});

t.test('pages of other machines are refused, and get no CORS, unless they are listed', async (t) => {
  const closed = await startGuarded(t);
  const listed = await startGuarded(t, { corsOrigins: [APP] }, { app: {} });
  const preflight = {
    origin: APP,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type',
  };
  t.match(await rawRequest(closed.server.url, preflight, 'OPTIONS'), {
    status: 403,
    headers: { 'access-control-allow-origin': undefined },
    body: /origin_refused/,
  });
  t.equal(await opened(closed.server.url, { origin: APP }), 403);
  t.equal(await opened(closed.server.url, { origin: 'http://localhost:5173' }), 'open');

  t.match(await rawRequest(listed.server.url, preflight, 'OPTIONS'), {
    status: 204,
    headers: {
      'access-control-allow-origin': APP,
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'authorization,content-type',
      'access-control-max-age': '600',
    },
  });
  const authorization = `Bearer ${listed.secrets['app']}`;
  const answer = await rawRequest(`${listed.server.url}/v1/models`, { origin: APP, authorization });
  t.match(answer, { status: 200, headers: { 'access-control-allow-origin': APP, vary: /Origin/ } });
  t.match(String(answer.headers['access-control-expose-headers']), /retry-after.*x-request-id/);
  const refused = await rawRequest(`${listed.server.url}/v1/models`, { origin: APP });
  t.match(refused, { status: 401, headers: { 'access-control-allow-origin': APP } }, 'pages can read why');
  t.equal(await opened(listed.server.url, { origin: APP, authorization }), 'open');
  t.equal(await opened(listed.server.url, { origin: APP }), 401);
  for (const origin of ['https://evil.example', 'null', `${APP}:444`, 'http://app.example']) {
    t.match(
      await rawRequest(`${listed.server.url}/v1/models`, { origin, authorization }),
      { status: 403 },
      origin,
    );
    t.equal(await opened(listed.server.url, { origin, authorization }), 403, origin);
  }
});

t.test('headers, depth and prompts have bounds', async (t) => {
  const limits = { maxHeaders: 20, maxHeaderBytes: 4096, maxJsonDepth: 16, maxPromptChars: 100 };
  const { server, node } = await startGuarded(t, { limits });
  node.answer = () => completion('yes', [1]);
  const many = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`x-header-${index}`, 'v']));
  t.match(await rawRequest(`${server.url}/healthz`, many), { status: 413, body: /more than 20 headers/ });
  t.equal(await opened(server.url, many), 413);
  t.equal((await rawRequest(`${server.url}/healthz`, { 'x-long': 'v'.repeat(8192) })).status, 431);

  const deep = `{"jsonrpc":"2.0","id":1,"method":"atoma_nodeInfo","params":${'['.repeat(200)}${']'.repeat(200)}}`;
  const tooDeep = { error: { code: -32600, message: /nested deeper than 16/ } };
  t.match(await (await post(server.url, deep)).json(), tooDeep);
  const socket = await SocketClient.connect(server.url);
  socket.socket.send(deep);
  t.match(await socket.next(), tooDeep);
  t.match(await socket.result(1, 'atoma_nodeInfo'), { version: '1.2.3' }, 'the socket lives on');
  socket.socket.close();
  const nested = '['.repeat(1024 * 1024 - 10);
  const startedAt = performance.now();
  t.match(await (await post(server.url, nested)).json(), tooDeep);
  t.ok(performance.now() - startedAt < 5_000, 'a mebibyte of brackets is refused at once');

  t.match((await callWith(server.url, undefined, 'atoma_generate', { prompt: 'x'.repeat(101) })).answer, {
    error: { data: { code: 'prompt_too_long', characters: 101, limit: 100 } },
  });
  t.match((await callWith(server.url, undefined, 'atoma_generate', { prompt: 'x'.repeat(100) })).answer, {
    result: { text: 'yes' },
  });
});

t.test('connections and WebSockets have bounds, and room comes back', async (t) => {
  const { server } = await startGuarded(t, { limits: { maxConnections: 3, maxSockets: 2 } });
  const first = await SocketClient.connect(server.url);
  const second = await SocketClient.connect(server.url);
  t.equal(await opened(server.url, {}), 429);
  const third = connect(server.port, '127.0.0.1');
  await once(third, 'connect');
  const fourth = connect(server.port, '127.0.0.1');
  await once(fourth.resume(), 'close');
  t.pass('a connection too many is closed');
  third.destroy();
  const gone = first.closed();
  first.socket.close();
  await gone;
  t.equal(await opened(server.url, {}), 'open');
  second.socket.close();
});
