import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { SocketClient, startServer } from './rpc-clients.js';
import { FakeStream } from './rpc-fake-stream.js';

const MEBIBYTE = 1024 * 1024;
const SUBSCRIPTIONS = 100;
const FRAMES = 2000;
const TEXT = 'x'.repeat(1024);

const Notification = z.object({
  params: z.object({
    subscription: z.string(),
    result: z.object({
      index: z.number(),
      text: z.string(),
      tokens: z.array(z.number()),
      done: z.boolean().optional(),
    }),
  }),
});

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** What this process holds, in bytes: objects, strings and buffers. */
function memory(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Reads a subscription to its end; the tokens of each message. */
async function readAll(client: SocketClient): Promise<readonly number[][]> {
  const messages: number[][] = [];
  let count = 0;
  for (;;) {
    const { result } = Notification.parse(await client.next()).params;
    if (result.index !== count) throw new Error(`index ${result.index} after ${count} tokens`);
    if (result.done) return messages;
    if (result.text.length !== result.tokens.length * TEXT.length) throw new Error('text and tokens differ');
    count += result.tokens.length;
    messages.push([...result.tokens]);
  }
}

const END = { ok: false, error: { code: 'cancelled', message: 'it was', fields: {} } } as const;

/** A client below all libraries, which reads the answers to its subscriptions and nothing after them. */
async function stoppedReader(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.write(
    `GET /ws HTTP/1.1\r\nhost: ${hostname}:${port}\r\nconnection: upgrade\r\nupgrade: websocket\r\n` +
      'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await once(socket, 'data');
  const call = (id: number) => ({
    jsonrpc: '2.0',
    id,
    method: 'atoma_subscribe',
    params: { ticket_id: '0xaa' },
  });
  const body = Buffer.from(JSON.stringify(Array.from({ length: SUBSCRIPTIONS }, (_, id) => call(id))));
  // RFC 6455, 5.2: a whole text frame with 16 bits of length, masked by zeros.
  const head = Buffer.from([0x81, 0xfe, body.length >> 8, body.length & 0xff, 0, 0, 0, 0]);
  socket.write(Buffer.concat([head, body]));
  await once(socket, 'data');
  socket.pause();
  return socket;
}

t.test('a reader that stops reading costs next to nothing, and the others get everything', async (t) => {
  const { server, node } = await startServer(t);
  const quick = await SocketClient.connect(server.url);
  await quick.result(1, 'atoma_subscribe', { ticket_id: '0xaa' });
  const stream = node.streams.get('ticket:0xaa') ?? new FakeStream();
  const stopped = await stoppedReader(server.url);
  t.teardown(() => stopped.destroy());
  const before = memory();
  const done = readAll(quick);
  for (let frame = 0; frame < FRAMES; frame++) {
    stream.push(TEXT, [frame]);
    // As frames come: a few at a time, and sockets are read and written between them.
    if (frame % 10 === 0) await new Promise(setImmediate);
  }
  stream.finish(END);
  const tokens = (await done).flat();
  t.equal(tokens.length, FRAMES, 'all of it');
  const grown = (memory() - before) / MEBIBYTE;
  // Queued, it would be 200 MiB; the stream itself is 2 MiB.
  t.ok(grown < 20, `${grown.toFixed(1)} MiB`);
});

t.test('a reader that is slow gets the same in fewer messages', async (t) => {
  const { server, node } = await startServer(t);
  const slow = await SocketClient.connect(server.url);
  await slow.result(1, 'atoma_subscribe', { ticket_id: '0xaa' });
  const stream = node.streams.get('ticket:0xaa') ?? new FakeStream();
  slow.socket.pause();
  // Beyond what the system keeps between two processes.
  const frames = 16 * 1024;
  for (let frame = 0; frame < frames; frame++) {
    stream.push(TEXT, [frame]);
    if (frame % 100 === 0) await new Promise(setImmediate);
  }
  slow.socket.resume();
  stream.finish(END);
  const messages = await readAll(slow);
  t.equal(messages.flat().length, frames);
  t.same(messages.flat().slice(-1), [frames - 1]);
  t.ok(messages.length < frames, `${messages.length} messages`);
  t.ok(messages.some((tokens) => tokens.length > 1));
});

t.test('a client that does not read for long is closed with 1013, and others go on', async (t) => {
  const { server, node } = await startServer(t, { maxStallMs: 100 });
  const slow = await SocketClient.connect(server.url);
  const quick = await SocketClient.connect(server.url);
  await slow.result(1, 'atoma_subscribe', { ticket_id: '0xaa' });
  await quick.result(1, 'atoma_subscribe', { ticket_id: '0xaa' });
  const stream = node.streams.get('ticket:0xaa') ?? new FakeStream();
  const text = 'x'.repeat(256 * 1024);
  // It reads, by and by, what came before the node gave it up.
  const closed = slow.closed();
  slow.socket.pause();
  for (let sent = 0; stream.listeners.size === 2; sent += 1) {
    stream.push(text, [sent]);
    t.match(await quick.next(), { params: { result: { index: sent } } });
  }
  slow.socket.resume();
  t.match(await closed, { code: 1013, reason: /too slow: .* within 0.1 s/ });
});

t.test('answers that a client asks for and does not read have a bound', async (t) => {
  const { server } = await startServer(t, { maxBufferedBytes: 64 * 1024 });
  const greedy = await SocketClient.connect(server.url);
  const closed = greedy.closed();
  greedy.socket.pause();
  for (let id = 0; greedy.socket.readyState === WebSocket.OPEN && id < 100_000; id++) {
    greedy.call(id, 'atoma_nodeInfo');
    if (id % 100 === 0) await new Promise(setImmediate);
    if (id === 20_000) greedy.socket.resume();
  }
  t.match(await closed, { code: 1013, reason: /too slow/ });
});
