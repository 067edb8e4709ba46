import { once } from 'node:events';
import t from 'tap';
import { SocketClient, startServer } from './rpc-clients.js';
import { completion, type FakeNode, type FakeRun } from './rpc-fake-node.js';

const LONG_MS = 60_000;
const SOON_MS = 50;

/** A client whose request outlives its connection, and the request. */
async function owner(
  url: string,
  node: FakeNode,
  request_id: string,
  linger_ms: number,
): Promise<[SocketClient, FakeRun]> {
  const client = await SocketClient.connect(url);
  await client.result(1, 'atoma_generate', { prompt: 'x', stream: true, request_id, linger_ms });
  return [client, await node.nextRun()];
}

async function cut(client: SocketClient): Promise<void> {
  const closed = client.closed();
  client.socket.terminate();
  await closed;
}

t.test('a client that lost its connection comes back to its request and has every token once', async (t) => {
  const { server, node } = await startServer(t);
  const [first, run] = await owner(server.url, node, 'r', LONG_MS);
  run.stream.push('a', [1]);
  t.match(await first.next(), { params: { result: { index: 0, text: 'a' } } });
  await cut(first);
  run.stream.push('b', [2]);
  run.stream.push('c', [3]);
  const second = await SocketClient.connect(server.url);
  await second.result(1, 'atoma_subscribe', { request_id: 'r', from_index: 1 });
  t.match(await second.next(), { params: { result: { index: 1, text: 'b' } } });
  await cut(second);
  t.equal(run.signal.aborted, false);
  run.finish(completion('abc', [1, 2, 3]));
  const third = await SocketClient.connect(server.url);
  await third.result(1, 'atoma_subscribe', { request_id: 'r', from_index: 2 });
  t.match(await third.next(), { params: { result: { index: 2, text: 'c' } } });
  t.match(await third.next(), { params: { result: { done: true, completion: { text: 'abc' } } } });
});

t.test('a request that nobody reads ends after its time, one that somebody reads does not', async (t) => {
  const { server, node } = await startServer(t);
  const [reading, read] = await owner(server.url, node, 'read', SOON_MS);
  const reader = await SocketClient.connect(server.url);
  await reader.result(1, 'atoma_subscribe', { request_id: 'read' });
  await cut(reading);
  const [leaving, left] = await owner(server.url, node, 'left', SOON_MS);
  const aborted = once(left.signal, 'abort');
  await cut(leaving);
  await aborted;
  t.match(left.signal.reason, { code: 'cancelled' });
  t.equal(read.signal.aborted, false, 'its time was as short');
  read.stream.push('a', [1]);
  t.match(await reader.next(), { params: { result: { index: 0, text: 'a' } } });
  const over = once(read.signal, 'abort');
  t.equal(await reader.result(2, 'atoma_unsubscribe', ['1']), true);
  await over;
});

t.test('whoever ends the stream, or the node that stops, ends a request at once', async (t) => {
  const { server, node } = await startServer(t);
  const [client, ended] = await owner(server.url, node, 'ended', LONG_MS);
  t.equal(await client.result(2, 'atoma_unsubscribe', ['1']), true);
  t.equal(ended.signal.aborted, true);
  const [gone, lingering] = await owner(server.url, node, 'gone', LONG_MS);
  await cut(gone);
  const [still, attached] = await owner(server.url, node, 'attached', LONG_MS);
  t.equal(lingering.signal.aborted, false);
  await server.stop();
  t.equal(lingering.signal.aborted, true);
  t.equal(attached.signal.aborted, true);
  t.match(await still.next(), { params: { result: { error: { data: { code: 'cancelled' } } } } });
});

t.test('an id that is in use is refused, and the request that has it lives on', async (t) => {
  const { server, node } = await startServer(t);
  const [first, run] = await owner(server.url, node, 'r', LONG_MS);
  const second = await SocketClient.connect(server.url);
  await second.result(1, 'atoma_generate', {
    prompt: 'y',
    stream: true,
    request_id: 'r',
    linger_ms: SOON_MS,
  });
  t.match(await second.next(), { params: { result: { error: { data: { code: 'request_id_in_use' } } } } });
  await cut(second);
  await cut(first);
  const back = await SocketClient.connect(server.url);
  await back.result(1, 'atoma_subscribe', { request_id: 'r' });
  run.stream.push('a', [1]);
  t.match(await back.next(), { params: { result: { index: 0, text: 'a' } } });
});
