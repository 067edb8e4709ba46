import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import fc from 'fast-check';
import t from 'tap';
import { WebSocket } from 'ws';
import { modelConfig, RunningCli } from './cli.js';

/** What is sent in the check of memory: if it were kept, the node would hold three times the bound. */
const LARGE_BYTES = 512 * 1024;
const LARGE_MESSAGES = 400;
const MAX_GROWTH_BYTES = 64 * 1024 * 1024;

const node = new RunningCli(t, ['--model-config-path', await modelConfig(t), '--json']);
const url = String((await node.next())['url']);
const port = Number(new URL(url).port);
t.match(await node.next(), { type: 'ready' });

const paths = [
  '/',
  '/v1/models',
  '/v1/models/x',
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/embeddings',
];
const path = fc.oneof(
  fc.constantFrom(...paths, '/metrics', '/healthz', '/readyz', '/ws', '/v1', '/%', '/%ff', '//', '/?a=%00'),
  fc.webPath(),
);
const field = fc.constantFrom(
  ...[
    'prompt',
    'messages',
    'model',
    'stream',
    'stop',
    'n',
    'tools',
    'tool_choice',
    'response_format',
    'input',
  ],
  ...['max_tokens', 'temperature', 'logprobs', 'top_logprobs', 'seed', 'jsonrpc', 'id', 'method', 'params'],
);
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(
    'atoma-tiny',
    '2.0',
    'rpc.discover',
    'atoma_generate',
    'atoma_nodeInfo',
    1,
    -1,
    1e308,
    true,
  ),
  fc.constant([{ role: 'user', content: 'Hi' }]),
);
const body = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.json().map((text) => Buffer.from(text)),
  fc.dictionary(field, value, { maxKeys: 6 }).map((fields) => Buffer.from(JSON.stringify(fields))),
  // So that some get through to the model.
  fc
    .dictionary(field, value, { maxKeys: 2 })
    .map((fields) => ({ model: 'atoma-tiny', prompt: 'x', max_tokens: 2, ...fields }))
    .map((fields) => Buffer.from(JSON.stringify(fields))),
);
const headers = fc.record(
  {
    'content-type': fc.constantFrom(
      'application/json',
      'application/json; charset=latin1',
      'text/plain',
      '',
      ';;',
      'a/b',
    ),
    'content-encoding': fc.constantFrom('gzip', 'br', 'identity', 'x'),
    'transfer-encoding': fc.constant('chunked'),
    authorization: fc.constantFrom('Bearer x', 'Bearer', 'Basic eDp4', ''),
    origin: fc.constantFrom('null', 'http://evil.example', 'http://localhost', '%'),
    host: fc.constantFrom('evil.example', 'localhost', `127.0.0.1:${port}`, '[', ''),
    accept: fc.constantFrom('text/event-stream', '*/*', '\u00ff'),
    'x-request-id': fc.constantFrom('a', 'a b', '\u00ff', 'a'.repeat(300)),
    expect: fc.constantFrom('100-continue', 'x'),
    upgrade: fc.constantFrom('websocket', 'h2c'),
  },
  { requiredKeys: [] },
);
const method = fc.constantFrom(
  'GET',
  'POST',
  'POST',
  'POST',
  'PUT',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'PROPFIND',
);

t.test('no request makes the node fail', async (t) => {
  const statuses = new Set<number>();
  const property = fc.asyncProperty(method, path, headers, body, async (...message) => {
    const status = await statusOf(...message);
    statuses.add(status);
    return status < 500 || status === 503;
  });
  await fc.assert(property, { numRuns: 500 });
  for (const status of [200, 400, 404]) t.ok(statuses.has(status), `some are answered ${status}`);
});

t.test('nor does what is no HTTP, or ends in the middle', async (t) => {
  const whole = fc.tuple(method, path, body).map(([verb, target, content]) => {
    const head = `${verb} ${target} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\n`;
    return Buffer.concat([Buffer.from(`${head}content-length: ${content.length + 1}\r\n\r\n`), content]);
  });
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 500 }), whole);
  await fc.assert(
    fc.asyncProperty(bytes, fc.double({ min: 0, max: 1, noNaN: true }), async (message, share) => {
      const answer = await exchange(message.subarray(0, Math.ceil(message.length * share)));
      return !/^HTTP\/1.1 5(?!03)/.test(answer);
    }),
    { numRuns: 150 },
  );
  t.equal((await fetch(`${url}/healthz`)).status, 200);
});

t.test('nor do frames of any kind on a WebSocket', async (t) => {
  const frame = fc
    .record({
      first: fc.oneof(
        fc.integer({ min: 0, max: 255 }),
        fc.constantFrom(0x81, 0x82, 0x01, 0x80, 0x88, 0x89, 0x8a),
      ),
      masked: fc.boolean(),
      payload: fc.oneof(body, fc.uint8Array({ minLength: 126, maxLength: 70_000 })),
      length: fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { freq: 5 }),
    })
    .map(encodeFrame);
  const opening = Buffer.from(
    `GET /ws HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: AQIDBAUGBwgJCgsMDQ4PEC==\r\n\r\n`,
  );
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 5 }), async (frames) => {
      return (await exchange(Buffer.concat([opening, ...frames]))).startsWith('HTTP/1.1 101');
    }),
    { numRuns: 150 },
  );
  t.equal((await fetch(`${url}/healthz`)).status, 200);
});

t.test('what was answered leaves no memory behind', async (t) => {
  const large = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'none', params: ['x'.repeat(LARGE_BYTES)] });
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`);
  await once(socket, 'open');
  const send = async (count: number): Promise<void> => {
    for (let sent = 0; sent < count; sent += 2) {
      await statusOf('POST', '/', { 'content-type': 'application/json' }, Buffer.from(large));
      socket.send(large);
      await once(socket, 'message');
    }
  };
  await send(LARGE_MESSAGES / 2);
  const before = await residentBytes();
  await send(LARGE_MESSAGES);
  const after = await residentBytes();
  socket.terminate();
  t.comment(`${before} bytes resident before, ${after} after`);
  t.ok(after - before < MAX_GROWTH_BYTES, `${after - before} bytes more than after the warm-up`);
});

t.test('the node lives, has no unhandled rejection, and ends as it should', async (t) => {
  const generate = { jsonrpc: '2.0', id: 1, method: 'atoma_generate', params: ['Once upon a time', null, 4] };
  const json = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(generate),
  };
  t.match(await (await fetch(url, json)).json(), { result: { output_tokens: 4 } });
  node.child.kill('SIGTERM');
  t.equal(await node.exited(), 0);
  t.notMatch(node.stderr, /unhandled|a JSON-RPC call failed|an HTTP request failed/i);
});

/** The status of an answer that is read to its end; 400 where the server hangs up on what is no HTTP. */
function statusOf(verb: string, target: string, fields: object, content: Uint8Array): Promise<number> {
  return new Promise((resolve) => {
    const options = {
      host: '127.0.0.1',
      port,
      method: verb,
      path: target,
      headers: { ...fields },
      agent: false,
    };
    try {
      let status = 400;
      const sent = request(options, (response) => {
        status = response.statusCode ?? 0;
        response.resume();
      });
      sent.once('upgrade', (_response, socket) => socket.destroy());
      sent.once('close', () => resolve(status)).once('error', () => sent.destroy());
      sent.end(content);
    } catch {
      // The client of Node refuses to send it.
      resolve(400);
    }
  });
}

/** Sends bytes, says that no more will come, and returns what is answered until the server closes. */
async function exchange(bytes: Uint8Array): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk)).on('error', () => socket.destroy());
  socket.end(bytes);
  // A WebSocket is closed by the server once it sees that the client has left.
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

function encodeFrame(frame: {
  first: number;
  masked: boolean;
  payload: Uint8Array;
  length: bigint | null;
}): Buffer {
  const { first, masked, payload, length } = frame;
  const header = Buffer.alloc(10);
  header[0] = first;
  header[1] = (masked ? 0x80 : 0) | 127;
  header.writeBigUInt64BE(length ?? BigInt(payload.length), 2);
  // A mask of zeros leaves the payload as it is.
  return Buffer.concat([header, Buffer.alloc(masked ? 4 : 0), payload]);
}

/** Of the node's main process (Linux: in kB). */
async function residentBytes(): Promise<number> {
  const status = await readFile(`/proc/${node.child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}
