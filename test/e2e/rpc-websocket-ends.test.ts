import { once } from 'node:events';
import { request } from 'node:http';
import t from 'tap';
import { WebSocket } from 'ws';
import { SocketClient, startServer } from './rpc-clients.js';
import { completion } from './rpc-fake-node.js';

t.test('a socket that closes cancels what it started and reads no more', async (t) => {
  const { server, node } = await startServer(t);
  const client = await SocketClient.connect(server.url);
  const other = await SocketClient.connect(server.url);
  await other.result(1, 'atoma_generate', { prompt: 'x', stream: true });
  const kept = await node.nextRun();
  await client.result(1, 'atoma_generate', { prompt: 'x', stream: true });
  const streamed = await node.nextRun();
  await client.result(2, 'atoma_subscribe', { ticket_id: '0xaa' });
  client.call(3, 'atoma_generate', ['y']);
  const plain = await node.nextRun();
  const aborted = [streamed, plain].map(({ signal }) => once(signal, 'abort'));
  client.socket.terminate();
  await Promise.all(aborted);
  t.equal(node.streams.get('ticket:0xaa')?.listeners.size, 0);
  t.equal(kept.signal.aborted, false);
});

t.test('ending the stream of a generation cancels the generation', async (t) => {
  const { server, node } = await startServer(t);
  const client = await SocketClient.connect(server.url);
  await client.result(1, 'atoma_generate', { prompt: 'x', stream: true });
  const run = await node.nextRun();
  t.equal(await client.result(2, 'atoma_unsubscribe', { subscription: '1' }), true);
  t.equal(run.signal.aborted, true);
  t.equal(await client.result(3, 'atoma_unsubscribe', { subscription: '1' }), false);
});

t.test('calls and subscriptions have a bound for each socket', async (t) => {
  const { server, node } = await startServer(t, { maxSubscriptions: 1, maxConcurrentCalls: 1 });
  const client = await SocketClient.connect(server.url);
  await client.result(1, 'atoma_subscribe', { ticket_id: '0xaa' });
  client.call(2, 'atoma_subscribe', { ticket_id: '0xbb' });
  t.match(await client.next(), { id: 2, error: { data: { code: 'too_many_subscriptions', limit: 1 } } });
  client.call(3, 'atoma_generate', ['x']);
  const run = await node.nextRun();
  client.call(4, 'atoma_nodeInfo');
  t.match(await client.next(), { id: 4, error: { data: { code: 'too_many_calls', limit: 1 } } });
  run.finish(completion('x', [1]));
  t.match(await client.next(), { id: 3 });
});

t.test('a message beyond the limit closes the socket with 1009', async (t) => {
  const { server } = await startServer(t, { maxMessageBytes: 1000 });
  const client = await SocketClient.connect(server.url);
  client.socket.send(' '.repeat(1001));
  t.match(await client.closed(), { code: 1009 });
});

t.test('a client that gives no sign of life is dropped, one that does is kept', async (t) => {
  const { server } = await startServer(t, { pingIntervalMs: 50 });
  const dead = await SocketClient.connect(server.url, { autoPong: false });
  const living = await SocketClient.connect(server.url);
  t.match(await dead.closed(), { code: 1006 });
  t.match(await living.result(1, 'atoma_nodeInfo'), { ready: true });
});

t.test('one that lives but does nothing is closed; a subscription or a call is something', async (t) => {
  const { server, node } = await startServer(t, { pingIntervalMs: 20, idleTimeoutMs: 60 });
  const [idle, subscribed, calling] = await Promise.all(
    [0, 1, 2].map(() => SocketClient.connect(server.url)),
  );
  await subscribed?.result(1, 'atoma_subscribe', { ticket_id: '0xaa' });
  calling?.call(1, 'atoma_generate', ['x']);
  const run = await node.nextRun();
  t.match(await idle?.closed(), { code: 1000, reason: /idle/ });
  run.finish(completion('x', [1]));
  t.match(await calling?.next(), { id: 1 });
  const over = calling?.closed();
  t.equal(await subscribed?.result(2, 'atoma_unsubscribe', ['1']), true);
  t.match(await Promise.all([over, subscribed?.closed()]), [{ code: 1000 }, { code: 1000 }]);
});

t.test('sockets and subscriptions have a bound for each key, and sockets one for all', async (t) => {
  const refused = async (url: string): Promise<number | undefined> => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`);
    const [, response] = await once(socket, 'unexpected-response');
    response.resume();
    return response.statusCode;
  };
  for (const limits of [{ maxSocketsPerKey: 2 }, { maxSockets: 2 }]) {
    const { server } = await startServer(t, { ...limits, maxSubscriptionsPerKey: 2 });
    const first = await SocketClient.connect(server.url);
    const second = await SocketClient.connect(server.url);
    t.equal(await refused(server.url), 429);
    await first.result(1, 'atoma_subscribe', { ticket_id: '0xaa' });
    await second.result(1, 'atoma_subscribe', { ticket_id: '0xaa' });
    first.call(2, 'atoma_subscribe', { ticket_id: '0xaa' });
    t.match(await first.next(), { error: { data: { code: 'too_many_subscriptions', limit: 2 } } });
    second.socket.close();
    await second.closed();
    // The server may see the end of a connection after its client does.
    let third: SocketClient | undefined;
    while (third === undefined) third = await SocketClient.connect(server.url).catch(() => undefined);
    await third.result(1, 'atoma_subscribe', { ticket_id: '0xaa' });
  }
});

t.test('upgrades go to /ws only, and not from web pages of other machines', async (t) => {
  const { server } = await startServer(t);
  const refused = async (path: string, origin?: string): Promise<number | undefined> => {
    const socket = new WebSocket(
      `${server.url.replace('http', 'ws')}${path}`,
      origin === undefined ? {} : { origin },
    );
    const [, response] = await once(socket, 'unexpected-response');
    response.resume();
    return response.statusCode;
  };
  t.equal(await refused('/'), 404);
  t.equal(await refused('/wss'), 404);
  t.equal(await refused('/ws', 'https://evil.example'), 403);
  const page = await SocketClient.connect(server.url, { origin: 'http://localhost:3000' });
  t.match(await page.result(1, 'atoma_nodeInfo'), { ready: true });
  const odd = request(`${server.url}/ws`, { headers: { connection: 'upgrade', upgrade: 'telepathy' } });
  odd.end();
  const [response] = await once(odd, 'response');
  response.resume();
  t.equal(response.statusCode, 400);
});

t.test('stop closes sockets with 1001, cuts off the deaf ones, and cancels', async (t) => {
  const { server, node } = await startServer(t, { stopGraceMs: 50 });
  const client = await SocketClient.connect(server.url);
  const deaf = await SocketClient.connect(server.url);
  await client.result(1, 'atoma_generate', { prompt: 'x', stream: true });
  const run = await node.nextRun();
  deaf.socket.pause();
  const closed = client.closed();
  await server.stop();
  t.match(await closed, { code: 1001, reason: /stopping/ });
  t.equal(run.signal.aborted, true);
  deaf.socket.terminate();
});
