import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { pino } from 'pino';
import t from 'tap';
import { AtomaError } from '#src/core/index.js';
import { RpcServer } from '#src/rpc/index.js';
import { call, post, startServer } from './rpc-clients.js';
import { completion, FakeNode, troubledInfo } from './rpc-fake-node.js';

const NOTIFICATION = '{"jsonrpc":"2.0","method":"atoma_nodeInfo"}';
const CALL = '{"jsonrpc":"2.0","method":"atoma_nodeInfo","id":1}';

t.test('answers are 200 with JSON, notifications 204 with nothing', async (t) => {
  const { server } = await startServer(t);
  const answered = await post(server.url, `[${NOTIFICATION},${CALL}]`);
  t.equal(answered.status, 200);
  t.match(answered.headers.get('content-type'), /^application\/json/);
  t.match(await answered.json(), [{ id: 1, result: {} }]);
  for (const body of [NOTIFICATION, `[${NOTIFICATION},${NOTIFICATION}]`]) {
    const silent = await post(server.url, body);
    t.equal(silent.status, 204);
    t.equal(await silent.text(), '');
  }
  const broken = await post(server.url, '{"jsonrpc":');
  t.equal(broken.status, 200);
  t.match(await broken.json(), { jsonrpc: '2.0', id: null, error: { code: -32700 } });
});

t.test('what is not served is refused in the same form', async (t) => {
  const { server } = await startServer(t, { maxMessageBytes: 1000 });
  const text = await post(server.url, CALL, { headers: { 'content-type': 'text/plain' } });
  t.equal(text.status, 415);
  t.match(await text.json(), { id: null, error: { data: { code: 'unsupported_media_type' } } });
  const large = await post(server.url, ' '.repeat(1001));
  t.equal(large.status, 413);
  t.match(await large.json(), { id: null, error: { data: { code: 'request_too_large' } } });
  const lost = await fetch(`${server.url}/rpc`);
  t.equal(lost.status, 404);
  t.match(await lost.json(), { error: { data: { code: 'route_not_found' } } });
  const hint = await fetch(server.url);
  t.match(await hint.json(), {
    json_rpc: 'POST /',
    websocket: '/ws',
    methods: ['atoma_generate'],
    health: ['/healthz', '/readyz'],
    metrics: '/metrics',
  });
});

t.test('a refusal in terms of HTTP says when to try again, in whole seconds rounded up', async (t) => {
  const { server, node } = await startServer(t);
  const refuse = async (code: string, fields: Readonly<Record<string, unknown>>) => {
    node.readiness = () => {
      throw new AtomaError(code, 'Not now.', { fields });
    };
    const response = await fetch(`${server.url}/readyz`);
    t.match(response.headers.get('content-type'), /^application\/json/);
    return {
      status: response.status,
      after: response.headers.get('retry-after'),
      body: await response.json(),
    };
  };
  t.match(await refuse('busy', { retryAfterMs: 2001 }), {
    status: 429,
    after: '3',
    body: { id: null, error: { code: -32010, data: { code: 'busy', retry_after_ms: 2001 } } },
  });
  t.match(await refuse('busy', { retryAfterMs: 0 }), { status: 429, after: '1' });
  t.match(await refuse('no_device', { retryAfterMs: 60_000 }), { status: 503, after: '60' });
  t.match(await refuse('journal_failed', {}), { status: 503, after: null });
  t.match(await refuse('odd', {}), { status: 500, after: null, body: { error: { code: -32603 } } });
});

t.test('a web page of another machine is refused, one of this machine is not', async (t) => {
  const { server } = await startServer(t);
  const status = async (origin: string): Promise<number> => {
    const response = await post(server.url, CALL, {
      headers: { 'content-type': 'application/json', origin },
    });
    await response.arrayBuffer();
    return response.status;
  };
  for (const origin of ['http://localhost:5173', 'http://127.0.0.1', 'https://[::1]:8443']) {
    t.equal(await status(origin), 200, origin);
  }
  for (const origin of [
    'https://evil.example',
    'http://127.evil.example',
    'null',
    'http://localhost.evil.example',
  ]) {
    t.equal(await status(origin), 403, origin);
  }
});

t.test('health says that it lives, readiness whether it can work', async (t) => {
  const { server, node } = await startServer(t);
  const health = await fetch(`${server.url}/healthz`);
  t.equal(health.status, 200);
  t.same(await health.json(), { status: 'ok' });
  const ready = await fetch(`${server.url}/readyz`);
  t.equal(ready.status, 200);
  t.same(await ready.json(), { ready: true, reasons: [], warnings: [] });
  node.ready = false;
  const loading = await fetch(`${server.url}/readyz`);
  t.equal(loading.status, 503);
  t.same(await loading.json(), {
    ready: false,
    reasons: ['The model tiny is loading.'],
    warnings: [],
  });
  node.ready = true;
  node.info = troubledInfo(node.info);
  const troubled = await fetch(`${server.url}/readyz`);
  t.equal(troubled.status, 200, 'the others serve');
  t.match(await troubled.json(), { ready: true, warnings: [/large.*out of memory/] });
});

t.test('a client that goes away takes its work with it, and nobody else’s', async (t) => {
  const { server, node } = await startServer(t);
  const staying = call(server.url, 'atoma_generate', ['stay']);
  const kept = await node.nextRun();
  const leaving = request(server.url, { method: 'POST', headers: { 'content-type': 'application/json' } });
  leaving.on('error', () => {});
  leaving.end('{"jsonrpc":"2.0","id":1,"method":"atoma_generate","params":["leave"]}');
  const left = await node.nextRun();
  const aborted = once(left.signal, 'abort');
  leaving.destroy();
  await aborted;
  t.match(left.signal.reason, { code: 'cancelled' });
  t.equal(kept.signal.aborted, false);
  kept.finish(completion('stayed', [1]));
  t.match(await staying, { result: { text: 'stayed' } });
});

t.test('a port in use is named, with the key that changes it', async (t) => {
  const { server } = await startServer(t);
  const modules = { node: new FakeNode(), logger: pino({ level: 'silent' }) };
  await t.rejects(RpcServer.start({ host: '127.0.0.1', port: server.port }, modules), {
    code: 'port_in_use',
    message: new RegExp(`127\\.0\\.0\\.1:${server.port} .*jrpc_port`),
    fields: { host: '127.0.0.1', port: server.port, key: 'jrpc_port' },
  });
  await t.rejects(RpcServer.start({ host: '192.0.2.1', port: 0, insecure: true }, modules), {
    code: 'listen_failed',
    message: /rpc\.host/,
  });
});

t.test('stop cancels what runs, answers it, and leaves no connection', async (t) => {
  const { server, node } = await startServer(t);
  const answer = call(server.url, 'atoma_generate', ['long']);
  const run = await node.nextRun();
  const idle = connect(server.port, '127.0.0.1');
  await once(idle, 'connect');
  const idleClosed = once(idle.resume(), 'close');
  const stopped = server.stop();
  t.match(await answer, { error: { message: /stopping/, data: { code: 'cancelled' } } });
  t.equal(run.signal.aborted, true);
  await stopped;
  await idleClosed;
  await t.rejects(fetch(server.url));
  await server.stop();
});

t.test('stop cuts off a call that does not let go', async (t) => {
  const { server, node } = await startServer(t, { stopGraceMs: 20 });
  const started = new Promise<void>((resolve) => {
    node.generate = () => {
      resolve();
      return new Promise(() => {});
    };
  });
  const answer = call(server.url, 'atoma_generate', ['stuck']);
  const failed = t.rejects(answer);
  await started;
  await server.stop();
  await failed;
});
