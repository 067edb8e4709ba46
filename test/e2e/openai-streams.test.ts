import { once } from 'node:events';
import { connect } from 'node:net';
import OpenAI, { APIError } from 'openai';
import t, { type Test } from 'tap';
import { AtomaError } from '#src/core/index.js';
import type { RpcLimits } from '#src/rpc/index.js';
import { startServer } from './rpc-clients.js';
import { completion, type FakeNode } from './rpc-fake-node.js';

const CHAT = { model: 'tiny', messages: [{ role: 'user' as const, content: 'hi' }] };
const STREAM = { ...CHAT, stream: true as const };

async function start(t: Test, limits: Partial<RpcLimits> = {}) {
  const { server, node } = await startServer(t, limits);
  const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
  return { server, node, client };
}

/** Opens a stream whose first tokens were sent. */
async function openStream(client: OpenAI, node: FakeNode, text: string) {
  const opening = client.chat.completions.create(STREAM);
  const run = await node.nextRun();
  run.stream.push(text, [1]);
  return { run, stream: await opening };
}

async function textOf(stream: AsyncIterable<OpenAI.ChatCompletionChunk>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  return text;
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

t.test('a stream goes on where it was when its answer is made anew and is the same', async (t) => {
  const { node, client } = await start(t);
  const { run, stream } = await openStream(client, node, 'Once ');
  run.stream.push('upon ', [2]);
  run.stream.restart();
  run.stream.push('On', [1]);
  run.stream.push('ce upon a', [2, 3]);
  run.stream.push(' time', [4]);
  run.finish(completion('Once upon a time', [1, 2, 3, 4]));
  t.equal(await textOf(stream), 'Once upon a time');
});

t.test('a stream ends with an error when its answer is made anew and is another', async (t) => {
  const { node, client } = await start(t);
  const { run, stream } = await openStream(client, node, 'Once ');
  const aborted = once(run.signal, 'abort');
  run.stream.restart();
  run.stream.push('Twice', [1]);
  t.match(await failureOf(textOf(stream)), { error: { code: 'device_died', type: 'server_error' } });
  await aborted;

  const shorter = await openStream(client, node, 'Once upon');
  shorter.run.stream.restart();
  shorter.run.finish(completion('Once', [1]));
  t.match(await failureOf(textOf(shorter.stream)), { error: { code: 'device_died' } });
});

t.test('what fails on its way ends the stream with an event, and without the mark of the end', async (t) => {
  const { node, client, server } = await start(t);
  const { run, stream } = await openStream(client, node, 'Once ');
  run.fail(new AtomaError('engine_failed', 'llama.cpp: no'));
  const parts: string[] = [];
  const reading = async (): Promise<void> => {
    for await (const chunk of stream) parts.push(chunk.choices[0]?.delta.content ?? '');
  };
  t.match(await failureOf(reading()), { error: { message: 'llama.cpp: no', code: 'engine_failed' } });
  t.same(parts, ['', 'Once ']);

  const raw = fetch(`${server.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(STREAM),
  });
  const second = await node.nextRun();
  second.stream.push('a', [1]);
  second.fail(new Error('/a/path of this machine'));
  const text = await (await raw).text();
  t.match(text, /data: \{"error":\{[^\n]*"code":"internal"\}\}\n\n$/);
  t.notMatch(text, /DONE|a\/path/);
});

t.test('a refusal has its status, also for a stream, and says when to come back', async (t) => {
  const { node, client } = await start(t);
  const refused = async (error: unknown, stream: boolean): Promise<APIError> => {
    const asked = client.chat.completions.create({ ...CHAT, stream });
    asked.catch(() => undefined);
    (await node.nextRun()).fail(error);
    const found = await failureOf(asked);
    if (found instanceof APIError) return found;
    throw new Error('not refused');
  };
  const busy = new AtomaError('busy', 'Busy.', { fields: { retryAfterMs: 1400 } });
  for (const stream of [true, false]) {
    const limited = await refused(busy, stream);
    t.match(limited, { status: 429, code: 'rate_limit_exceeded', message: /Busy/ });
    t.equal(limited.headers?.get('retry-after'), '2');
    t.ok(limited.requestID);
    const down = await refused(new AtomaError('not_ready', 'Loading.'), stream);
    t.match(down, { status: 503, code: 'not_ready', type: 'server_error' });
    t.match(down.headers?.get('retry-after'), /^\d+$/);
    const long = new AtomaError('prompt_too_long', 'Too long.');
    t.match(await refused(long, stream), { status: 400, code: 'context_length_exceeded' });
    t.match(await refused(new TypeError('secret'), stream), { status: 500, message: /log says why/ });
  }
});

t.test('who waits is told where, in the headers of the answer', async (t) => {
  const { node, client } = await start(t);
  for (const stream of [true, false]) {
    const asked = client.chat.completions.create({ ...CHAT, stream }).withResponse();
    const run = await node.nextRun();
    run.queue({ position: 3, expectedWaitMs: 120.5 });
    run.stream.push('x', [1]);
    run.finish(completion('x', [1]));
    const { headers } = (await asked).response;
    t.equal(headers.get('x-queue-position'), '3');
    t.equal(headers.get('x-expected-wait-ms'), '121');
  }
  // A long wait is told while it lasts: nothing else is sent, and the headers are there.
  const waiting = client.chat.completions.create(STREAM).withResponse();
  const run = await node.nextRun();
  run.queue({ position: 1, expectedWaitMs: 60_000 });
  const { data, response } = await waiting;
  t.equal(response.headers.get('x-queue-position'), '1');
  run.fail(new AtomaError('busy', 'Busy after all.', { fields: { retryAfterMs: 1000 } }));
  t.match(await failureOf(textOf(data)), { error: { code: 'rate_limit_exceeded' } });
});

t.test('who goes away ends its own run and no other', async (t) => {
  const { node, client } = await start(t);
  const leaver = await openStream(client, node, 'a');
  const stayer = await openStream(client, node, 'b');
  leaver.stream.controller.abort();
  await once(leaver.run.signal, 'abort');
  t.notOk(stayer.run.signal.aborted);
  stayer.run.stream.push('c', [2]);
  stayer.run.finish(completion('bc', [1, 2]));
  t.equal(await textOf(stayer.stream), 'bc');

  const whole = new AbortController();
  const asked = client.chat.completions.create(CHAT, { signal: whole.signal });
  const run = await node.nextRun();
  whole.abort();
  await t.rejects(asked);
  if (!run.signal.aborted) await once(run.signal, 'abort');
});

t.test('choices run side by side with seeds of their own, and fall together', async (t) => {
  const { node, client } = await start(t);
  const asked = client.chat.completions.create({ ...CHAT, n: 3, seed: 7 });
  const runs = [await node.nextRun(), await node.nextRun(), await node.nextRun()];
  t.same(
    runs.map(({ request }) => request.params.randomSeed),
    [7n, 8n, 9n],
  );
  t.equal(new Set(runs.map(({ request }) => request.requestId)).size, 3);
  for (const [index, run] of runs.entries()) run.finish(completion(`${index}`, [1]));
  const { choices, usage } = await asked;
  t.same(
    choices.map(({ index, message }) => [index, message.content]),
    [
      [0, '0'],
      [1, '1'],
      [2, '2'],
    ],
  );
  t.match(usage, { prompt_tokens: 3, completion_tokens: 3, total_tokens: 6 });

  const failing = client.chat.completions.create({ ...CHAT, n: 2 });
  failing.catch(() => undefined);
  const [first, second] = [await node.nextRun(), await node.nextRun()];
  first.fail(new AtomaError('engine_failed', 'No.'));
  if (!second.signal.aborted) await once(second.signal, 'abort');
  t.match(await failureOf(failing), { status: 500, code: 'engine_failed' });
});

t.test('a client that does not read is cut off, and its run ends', async (t) => {
  const { node, server } = await start(t, { maxBufferedBytes: 100_000 });
  const socket = connect(server.port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  socket.pause();
  const body = JSON.stringify(STREAM);
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  const run = await node.nextRun();
  const text = 'x'.repeat(50_000);
  // The system's own buffers of a connection take some megabytes.
  for (let token = 0; token < 1000 && !run.signal.aborted; token++) {
    run.stream.push(text, [token]);
    await new Promise(setImmediate);
  }
  t.ok(run.signal.aborted);
});

t.test('a silent stream is kept alive by comments', async (t) => {
  const { setInterval: real } = globalThis;
  t.intercept(globalThis, 'setInterval', {
    value: (callback: () => void, ms: number) => real(callback, ms === 15_000 ? 5 : ms),
  });
  const { node, server } = await start(t);
  const response = fetch(`${server.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(STREAM),
  });
  const run = await node.nextRun();
  const reader = (await response).body?.getReader();
  const { value } = (await reader?.read()) ?? {};
  t.match(new TextDecoder().decode(value), /^: keep-alive\n\n/);
  run.finish(completion('', []));
  await reader?.cancel();
});

t.test('a node that stops ends its streams with an error', async (t) => {
  const { node, client, server } = await start(t);
  const { stream } = await openStream(client, node, 'a');
  const reading = textOf(stream);
  reading.catch(() => undefined);
  await server.stop();
  t.match(await failureOf(reading), { error: { message: 'The node is stopping.' } });
});
