import { pino } from 'pino';
import t, { type Test } from 'tap';
import { RpcServer } from '#src/rpc/index.js';
import { CallScope } from '#src/rpc/json-rpc/call-scope.js';
import { Dispatcher } from '#src/rpc/json-rpc/dispatcher.js';
import { ANYBODY } from '../fixtures/principal.js';
import { specMethods } from '../fixtures/spec-methods.js';
import { post, SocketClient } from './rpc-clients.js';
import { FakeNode } from './rpc-fake-node.js';
import { SPEC_EXAMPLES } from './rpc-spec-examples.js';

/** Sends a message and gets the text of the answer; '' where there is none. */
type Exchange = (message: string) => Promise<string>;

interface Answer {
  readonly error?: { readonly code: number; readonly message: string };
}

const notified: unknown[] = [];
const methods = specMethods((params) => notified.push(params));
const logger = pino({ level: 'silent' });

for (const [transport, connect] of Object.entries({
  'no transport': dispatcher,
  HTTP: http,
  WebSocket: webSocket,
})) {
  t.test(`the examples of the specification over ${transport}`, async (t) => {
    const exchange = await connect(t);
    notified.length = 0;
    for (const { name, sent, answered } of SPEC_EXAMPLES) {
      t.strictSame(comparable(await exchange(sent)), comparable(answered), name);
    }
    const hello = { n: 7 };
    const update = { a: 1, b: 2, c: 3, d: 4, e: 5 };
    t.same(notified, [update, hello, { a: 1, b: 2, c: 4 }, hello], 'notifications were run');
  });
}

/**
 * An answer without what the specification leaves to the server: the words after the standard message, and `data`.
 * The answers in a batch may come in any order; ours have that of the calls.
 */
function comparable(answer: string): unknown {
  if (answer === '') return '';
  const parsed: Answer | Answer[] = JSON.parse(answer);
  return Array.isArray(parsed) ? parsed.map(withoutDetail) : withoutDetail(parsed);
}

function withoutDetail(response: Answer): unknown {
  if (response.error === undefined) return response;
  const { code, message } = response.error;
  return { ...response, error: { code, message: message.split(/[:;.]/)[0] } };
}

async function dispatcher(): Promise<Exchange> {
  const server = new Dispatcher({ maxBatchCalls: 100, maxJsonDepth: 64 }, { methods, logger });
  const scope = new CallScope({ maxCalls: 10 });
  const caller = { scope, streams: undefined, principal: ANYBODY };
  return async (message) => (await server.handle(new TextEncoder().encode(message), caller)) ?? '';
}

async function http(t: Test): Promise<Exchange> {
  const { url } = await serve(t);
  return async (message) => {
    const response = await post(url, message);
    const text = await response.text();
    t.equal(response.status, text === '' ? 204 : 200);
    return text;
  };
}

async function webSocket(t: Test): Promise<Exchange> {
  const client = await SocketClient.connect((await serve(t)).url);
  return async (message) => {
    client.socket.send(message);
    // What is sent later may be answered earlier: a second round trip begins when the first is over.
    const answers = [...(await untilAnswered(client, 'first')), ...(await untilAnswered(client, 'second'))];
    t.ok(answers.length <= 1);
    return answers.length === 0 ? '' : JSON.stringify(answers[0]);
  };
}

/** Makes a call, and returns what came before its answer. */
async function untilAnswered(client: SocketClient, id: string): Promise<readonly unknown[]> {
  client.call(id, 'get_data');
  const before: unknown[] = [];
  for (let answer = await client.next(); ; answer = await client.next()) {
    if (typeof answer === 'object' && answer !== null && 'id' in answer && answer.id === id) return before;
    before.push(answer);
  }
}

async function serve(t: Test): Promise<RpcServer> {
  const server = await RpcServer.start(
    { host: '127.0.0.1', port: 0 },
    { node: new FakeNode(), logger, methods },
  );
  t.teardown(() => server.stop());
  return server;
}
