import { appendFile } from 'node:fs/promises';
import { Client, HTTPTransport, RequestManager, WebSocketTransport } from '@open-rpc/client-js';
import t, { type Test } from 'tap';
import { WebSocket } from 'ws';
import type { OpenRpcDocument } from '#src/rpc/discovery/open-rpc.js';
import { createMethods } from '#src/rpc/methods/index.js';
import { StreamNotificationSchema } from '#src/rpc/wire/stream.js';
import { MODEL_DIR, modelConfig, RunningCli } from './cli.js';
import { SocketClient } from './rpc-clients.js';
import { FakeNode } from './rpc-fake-node.js';

const TOKEN = 'an-admin-token-of-the-test';
const PROMPT = '<|im_start|>user\nWhat is the capital of Peru?<|im_end|>\n<|im_start|>assistant\n';
const ANSWER = 'The capital of Peru is Lima.';

/** What is looked at in an error object. */
interface Refusal {
  readonly code: number;
  readonly message?: RegExp;
  readonly data?: Readonly<Record<string, unknown>>;
}

const config = await modelConfig(t);
await appendFile(config, `[rpc]\nadmin_token = ${JSON.stringify(TOKEN)}\n`);
const node = new RunningCli(t, ['--model-config-path', config, '--json']);
const url = String((await node.next())['url']);
t.match(await node.next(), { type: 'ready' });

const results = new Map(createMethods(new FakeNode(), () => url).map(({ name, result }) => [name, result]));

/** Calls a method, and holds what comes against its schema: nothing may be there that is not described. */
async function checked<T>(t: Test, client: Client, method: string, params: object = {}): Promise<T> {
  const result: unknown = await client.request({ method, params });
  t.strictSame(results.get(method)?.parse(result), result, `${method} answers what it says`);
  return result as T;
}

function clientOf(t: Test, transport: HTTPTransport | WebSocketTransport): Client {
  const client = new Client(new RequestManager([transport]));
  t.teardown(() => client.close());
  return client;
}

const transports = {
  HTTP: () => new HTTPTransport(url, { headers: { authorization: `Bearer ${TOKEN}` } }),
  WebSocket: () => new WebSocketTransport(`${url.replace('http', 'ws')}/ws`),
};

for (const [name, transport] of Object.entries(transports)) {
  t.test(`@open-rpc/client-js over ${name}`, async (t) => {
    const client = clientOf(t, transport());
    const document = await checked<OpenRpcDocument>(t, client, 'rpc.discover');
    t.same(
      document.methods.map((method) => method.name),
      [...results.keys()],
    );
    t.match(await checked(t, client, 'atoma_listModels'), [{ name: 'atoma-tiny', has_chat_template: true }]);
    t.match(await checked(t, client, 'atoma_nodeInfo'), { ready: true, chain: null });
    t.same(await checked(t, client, 'atoma_listTickets', { limit: 3 }), []);
    t.same(await checked(t, client, 'atoma_listDisputes'), []);
    t.equal(await checked(t, client, 'atoma_cancel', { request_id: 'nobody' }), false);
    const answer = await checked(t, client, 'atoma_generate', {
      ...{ prompt: PROMPT, top_logprobs: 2, reproducible: true, request_id: name },
    });
    t.match(answer, {
      text: ANSWER,
      request_id: name,
      logprobs: [{ text: 'The', top: [{ text: 'The' }, {}] }],
    });
    const stopped = await checked(t, client, 'atoma_generate', {
      prompt: PROMPT,
      stop: ' of',
      frequency_penalty: 0.1,
    });
    t.match(stopped, { text: 'The capital', stop_text: ' of', finish_reason: 'stop' });

    const byPosition = await client.request({ method: 'atoma_generate', params: [PROMPT, null, '3'] });
    t.match(byPosition, { output_tokens: 3, finish_reason: 'length' });
    t.equal(await client.notify({ method: 'atoma_nodeInfo', params: {} }).then(() => 'sent'), 'sent');
    const failures: readonly [method: string, params: object, error: Refusal][] = [
      [
        'atoma_getTicket',
        { ticket_id: '0xab' },
        { code: -32001, data: { code: 'not_found', ticket_id: '0xab' } },
      ],
      ['atoma_getEvidence', { ticket_id: '0xab' }, { code: -32001 }],
      [
        'atoma_generate',
        { prompt: 'x', reproducible: true, stop: 'a' },
        { code: -32602, message: /stop cannot/ },
      ],
      ['atoma_generate', { prompt: 'x', model: 'huge' }, { code: -32002 }],
      ['atoma_lost', {}, { code: -32601 }],
    ];
    for (const [method, params, error] of failures) {
      await t.rejects(client.request({ method, params }), error);
    }

    client.startBatch();
    const good = client.request({ method: 'atoma_listModels', params: {} });
    const bad = client.request({ method: 'atoma_getTicket', params: {} });
    client.stopBatch();
    t.match(await Promise.allSettled([good, bad]), [
      { status: 'fulfilled', value: [{ name: 'atoma-tiny' }] },
      { status: 'rejected', reason: { code: -32602 } },
    ]);
  });
}

t.test('models come and go by the client of an admin, and of nobody else', async (t) => {
  const admin = clientOf(t, transports.HTTP());
  const loaded = await checked(t, admin, 'atoma_loadModel', { model_type: MODEL_DIR, name: 'second' });
  t.match(loaded, { models: [{ name: 'second' }], failed_models: [] });
  const params = { name: 'second' };
  await t.rejects(clientOf(t, transports.WebSocket()).request({ method: 'atoma_unloadModel', params }), {
    code: -32040,
  });
  t.same(await checked(t, admin, 'atoma_unloadModel', params), {
    unloaded: [{ name: 'second', device: 'cpu' }],
  });
});

t.test('a stream over the client of OpenRPC, read to its end, and cancelled', async (t) => {
  const client = clientOf(t, transports.WebSocket());
  const { frames, ended } = follow(t, client);
  const begun = await checked<{ subscription: string }>(t, client, 'atoma_generate', {
    ...{ prompt: PROMPT, stream: true, request_id: 'streamed', top_logprobs: 1, linger_ms: 1000 },
  });
  const done = await ended(begun.subscription);
  t.match(done, { done: true, completion: { text: ANSWER, request_id: 'streamed' } });
  t.equal(frames.map(({ text }) => text).join(''), ANSWER);
  t.same(
    frames.flatMap(({ logprobs = [] }) => logprobs.map(({ token }) => token)),
    done.completion?.tokens,
  );

  const again = await checked<string>(t, client, 'atoma_subscribe', { request_id: 'streamed', fromIndex: 2 });
  t.match(await ended(again), { completion: { text: ANSWER } });
  t.equal(await checked(t, client, 'atoma_unsubscribe', { subscription: again }), false);

  client.startBatch();
  const params = { prompt: PROMPT, stream: true, request_id: 'unwanted' };
  const unwanted = checked<{ subscription: string }>(t, client, 'atoma_generate', params);
  const twin = client.request({
    method: 'atoma_generate',
    params: { prompt: PROMPT, request_id: 'unwanted' },
  });
  const cancelled = checked(t, client, 'atoma_cancel', { request_id: 'unwanted' });
  client.stopBatch();
  const [{ subscription }] = await Promise.all([unwanted, t.rejects(twin, { code: -32004 }), cancelled]);
  t.equal(await cancelled, true);
  t.match(await ended(subscription), { error: { code: -32021, data: { code: 'cancelled' } } });
});

t.test('ws alone: binary frames are read like text, and a batch answers as a batch', async (t) => {
  const client = await SocketClient.connect(url);
  t.teardown(() => client.socket.close());
  const calls =
    '[{"jsonrpc":"2.0","id":12345678901234567890,"method":"atoma_listTickets"},{"jsonrpc":"2.0","method":"x"},1]';
  client.socket.send(Buffer.from(calls), { binary: true });
  const [data] = await new Promise<[Buffer]>((resolve) =>
    client.socket.once('message', (data: Buffer) => resolve([data])),
  );
  t.match(
    String(data),
    /^\[\{"jsonrpc":"2.0","id":12345678901234567890,"result":\[\]\},\{"jsonrpc":"2.0","id":null,"error":\{"code":-32600/,
  );
  t.equal(client.socket.readyState, WebSocket.OPEN);
});

t.test('the node ends as it should after all of that', async (t) => {
  node.child.kill('SIGTERM');
  t.equal(await node.exited(), 0);
  t.notMatch(node.stderr, /unhandled|failed/i);
});

type Frame = ReturnType<typeof StreamNotificationSchema.parse>['result'];

/** The frames that a client gets, each held against its schema, and the last one of a subscription. */
function follow(t: Test, client: Client) {
  const frames: Frame[] = [];
  const ends = new Map<string, Frame>();
  const waiting = new Map<string, (frame: Frame) => void>();
  client.onNotification(({ method, params }) => {
    t.equal(method, 'atoma_subscription');
    const parsed = StreamNotificationSchema.parse(params);
    t.strictSame(parsed, params);
    const { subscription, result } = parsed;
    if (ends.size === 0) frames.push(result);
    if (result.done === undefined) return;
    ends.set(subscription, result);
    waiting.get(subscription)?.(result);
  });
  const ended = (subscription: string): Promise<Frame> =>
    new Promise((resolve) => {
      const end = ends.get(subscription);
      if (end !== undefined) resolve(end);
      else waiting.set(subscription, resolve);
    });
  return { frames, ended };
}
