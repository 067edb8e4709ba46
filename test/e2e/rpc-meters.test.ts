import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { SocketClient, startServer } from './rpc-clients.js';
import { completion } from './rpc-fake-node.js';
import { bearer, callWith, startGuarded } from './rpc-guarded.js';
import { parseMetrics } from './rpc-prometheus.js';

const CHAT = { model: 'tiny', messages: [{ role: 'user', content: 'hi' }] };
/** More than the system keeps for a reader of this machine who does not read. */
const LONG_TEXT = 'x'.repeat(4 * 1024 * 1024);

/** Samples of a metric, by their labels as JSON. */
async function samples(url: string, name: string, secret?: string): Promise<Record<string, number>> {
  const response = await fetch(`${url}/metrics`, { headers: bearer(secret) });
  return Object.fromEntries(parseMetrics(await response.text()).get(name)?.samples ?? []);
}

/** Scrapes until a metric without labels is more than `floor`; its value. */
async function moreThan(url: string, name: string, floor: number): Promise<number> {
  for (;;) {
    const value = (await samples(url, name))['{}'] ?? 0;
    if (value > floor) return value;
  }
}

function chat(url: string, more: object = {}, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ ...CHAT, ...more }),
  });
}

t.test('who is turned away is counted by the reason alone', async (t) => {
  const { server, node, secrets } = await startGuarded(
    t,
    {},
    { reader: { scopes: ['read'] }, rated: { requests_per_minute: 1 } },
  );
  node.answer = () => completion('ok', [1]);
  const generate = { model: 'tiny', prompt: 'a', max_tokens: 1 };
  await callWith(server.url, undefined, 'atoma_nodeInfo');
  await callWith(server.url, 'wrong', 'atoma_nodeInfo');
  await callWith(server.url, secrets['reader'], 'atoma_generate', generate);
  await callWith(server.url, secrets['rated'], 'atoma_generate', generate);
  await callWith(server.url, secrets['rated'], 'atoma_generate', generate);
  t.equal((await chat(server.url, {}, bearer(secrets['rated']))).status, 429);
  await t.rejects(SocketClient.connect(server.url));
  t.match(await samples(server.url, 'atoma_rpc_refusals_total', secrets['reader']), {
    '{"reason":"unauthorized"}': 3,
    '{"reason":"forbidden"}': 1,
    '{"reason":"rate_limited"}': 2,
  });
  const requests = await samples(server.url, 'atoma_rpc_requests_total', secrets['reader']);
  t.match(requests, {
    '{"api":"jsonrpc","method":"POST /","code":"401"}': 2,
    '{"api":"jsonrpc","method":"atoma_generate","code":"ok"}': 1,
    '{"api":"jsonrpc","method":"atoma_generate","code":"forbidden"}': 1,
    '{"api":"jsonrpc","method":"atoma_generate","code":"rate_limited"}': 1,
    '{"api":"openai","method":"POST /v1/chat/completions","code":"429"}': 1,
    '{"api":"websocket","method":"upgrade","code":"unauthorized"}': 1,
  });
  t.notMatch(JSON.stringify(requests), /reader|rated/, 'nobody is named');
});

t.test("a stream of OpenAI's API counts when its last byte is sent", async (t) => {
  const { server, node } = await startServer(t);
  const opening = chat(server.url, { stream: true });
  const run = await node.nextRun();
  run.stream.push('Once', [1]);
  const response = await opening;
  const key = '{"api":"openai","method":"POST /v1/chat/completions","code":"ok"}';
  t.equal((await samples(server.url, 'atoma_rpc_requests_total'))[key], undefined, 'not while it goes on');
  t.equal((await samples(server.url, 'atoma_http_answers'))['{}'], 2, 'the stream and the scrape');
  run.finish(completion('Once', [1]));
  await response.text();
  while ((await samples(server.url, 'atoma_rpc_requests_total'))[key] !== 1);
  t.pass('then');
  t.equal((await samples(server.url, 'atoma_http_answers'))['{}'], 1);
});

t.test('readers who do not read show, over both transports', async (t) => {
  const { server, node } = await startServer(t, { maxBufferedBytes: 64 * 1024 * 1024 });
  const { hostname, port } = new URL(server.url);
  const body = JSON.stringify({ ...CHAT, stream: true });
  const reader = connect(Number(port), hostname);
  t.teardown(() => reader.destroy());
  await once(reader, 'connect');
  reader.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json\r\n` +
      `content-length: ${body.length}\r\n\r\n${body}`,
  );
  (await node.nextRun()).stream.push(LONG_TEXT, [1]);
  const http = await moreThan(server.url, 'atoma_http_buffered_bytes', 0);
  t.ok(http < 2 * LONG_TEXT.length, `${http} bytes wait over HTTP`);
  t.equal((await samples(server.url, 'atoma_websocket_buffered_bytes'))['{}'], 0);

  const client = await SocketClient.connect(server.url);
  client.call(1, 'atoma_generate', { model: 'tiny', prompt: 'a', stream: true });
  const run = await node.nextRun();
  await client.next();
  client.socket.pause();
  run.stream.push(LONG_TEXT, [1]);
  const all = await moreThan(server.url, 'atoma_websocket_buffered_bytes', 0);
  t.equal((await samples(server.url, 'atoma_websocket_buffered_bytes_max'))['{}'], all, 'it is the only one');
  t.equal((await samples(server.url, 'atoma_websocket_subscriptions'))['{}'], 1);
  client.socket.terminate();
});
