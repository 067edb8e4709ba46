import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { pino } from 'pino';
import t from 'tap';
import { z } from 'zod';
import { CallScope } from '#src/rpc/json-rpc/call-scope.js';
import { Dispatcher } from '#src/rpc/json-rpc/dispatcher.js';
import { ANYBODY } from '../fixtures/principal.js';
import { specMethods, testMethod } from '../fixtures/spec-methods.js';

const notified: unknown[] = [];
const none = z.strictObject({});
const methods = [
  ...specMethods((params) => notified.push(params)),
  testMethod(
    'optional',
    z.strictObject({ first: z.string().default('a'), second: z.string().default('b') }),
    ({ first, second }) => first + second,
  ),
  testMethod('fails', none, () => {
    throw new TypeError('cannot read /root/secret');
  }),
  testMethod('nothing', none, () => undefined),
  testMethod('waits', none, async () => {
    await setImmediate();
    return 'late';
  }),
];

const dispatcher = new Dispatcher(
  { maxBatchCalls: 100, maxJsonDepth: 64 },
  { methods, logger: pino({ level: 'silent' }) },
);
const encoder = new TextEncoder();

function raw(message: string | Uint8Array, maxCalls = 256): Promise<string | undefined> {
  const bytes = typeof message === 'string' ? encoder.encode(message) : message;
  const scope = new CallScope({ maxCalls });
  return dispatcher.handle(bytes, { scope, streams: undefined, principal: ANYBODY });
}

async function handle(message: string | Uint8Array, maxCalls?: number): Promise<unknown> {
  const answer = await raw(message, maxCalls);
  return answer === undefined ? undefined : JSON.parse(answer);
}

const ok = (id: unknown, result: unknown) => ({ jsonrpc: '2.0', result, id });
const failed = (id: unknown, code: number) => ({ jsonrpc: '2.0', error: { code, message: String }, id });

t.test('a notification is not answered, however wrong it is', async (t) => {
  for (const method of ['fails', 'subtract', 'foobar']) {
    t.equal(await handle(JSON.stringify({ jsonrpc: '2.0', method, params: { x: 1 } })), undefined);
  }
});

t.test('an answer bears the id of its request, of whatever type', async (t) => {
  const id = fc.oneof(
    fc.string(),
    fc.maxSafeInteger(),
    fc.double({ min: -1e15, max: 1e15 }),
    fc.constant(null),
  );
  await fc.assert(
    fc.asyncProperty(id, async (id) => {
      const message = JSON.stringify({ jsonrpc: '2.0', method: 'get_data', id });
      const wanted: unknown = JSON.parse(message).id;
      t.same(await handle(message), ok(wanted, ['hello', 5]));
    }),
    { numRuns: 50 },
  );
});

t.test('a number that no double holds comes back with every digit, alone and in a batch', async (t) => {
  const numbers = [
    '12345678901234567890',
    '-0.1000000000000000055511',
    '1e999',
    '1.00000000000000000001',
    '9007199254740993',
  ];
  const request = (id: string): string =>
    `{"x":"\\"id\\":1.5 \\\\","jsonrpc":"2.0","id":${id},"method":"get_data","extra":{"id":[2.5,{"id":3}]}}`;
  for (const id of numbers) {
    t.equal(await raw(request(id)), `{"jsonrpc":"2.0","id":${id},"result":["hello",5]}`);
    const invalid = `{"jsonrpc":"1.0","id":${id},"method":"get_data"}`;
    t.ok((await raw(invalid))?.startsWith(`{"jsonrpc":"2.0","id":${id},"error":{"code":-32600`));
  }
  const batch = `[[{"id":7}],7,${numbers.map(request).join(' , ')}]`;
  const answers = (await raw(batch)) ?? '';
  for (const id of numbers) t.ok(answers.includes(`"id":${id},"result"`), id);
});

t.test('an id of a wrong type is refused', async (t) => {
  for (const id of ['true', '{}', '[]', '{"id":1.5}']) {
    t.match(await handle(`{"jsonrpc":"2.0","method":"get_data","id":${id}}`), failed(null, -32600));
  }
});

t.test('an invalid request with a readable id is answered with it', async (t) => {
  t.match(await handle('{"jsonrpc":"1.0","method":"get_data","id":7}'), failed(7, -32600));
  t.match(await handle('{"jsonrpc":"2.0","method":"get_data","id":7,"params":null}'), failed(7, -32600));
});

t.test('params that do not fit are named', async (t) => {
  const call = (params: unknown) =>
    handle(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'subtract', params }));
  t.match(await call({ minuend: 1, subtrahent: 2 }), {
    error: {
      code: -32602,
      data: { code: 'invalid_params', problems: [/^subtrahend/, /unknown param subtrahent/] },
    },
  });
  t.match(await call([1, 2, 3]), { error: { code: -32602, message: /3 params.*minuend, subtrahend/ } });
  t.match(await call(['1', 2]), { error: { message: /minuend is "1"/ } });
  t.match(await call([1]), { error: { message: /subtrahend is nothing/ } });
});

t.test('null leaves out a position', async (t) => {
  t.match(await handle('{"jsonrpc":"2.0","id":1,"method":"optional","params":[null,"z"]}'), ok(1, 'az'));
});

t.test('a method without a result answers null, one that breaks says nothing of why', async (t) => {
  t.same(await handle('{"jsonrpc":"2.0","id":1,"method":"nothing"}'), ok(1, null));
  const answer = await handle('{"jsonrpc":"2.0","id":1,"method":"fails"}');
  t.match(answer, failed(1, -32603));
  t.notMatch(JSON.stringify(answer), /secret/);
});

t.test('bytes that are no UTF-8 are a parse error', async (t) => {
  t.match(await handle(new Uint8Array([0x22, 0xff, 0x22])), failed(null, -32700));
  t.match(await handle(''), failed(null, -32700));
});

t.test('a batch beyond the limit is refused whole, calls beyond theirs one by one', async (t) => {
  const calls = Array.from({ length: 101 }, (_, id) => ({ jsonrpc: '2.0', method: 'waits', id }));
  t.match(await handle(JSON.stringify(calls)), {
    id: null,
    error: { data: { code: 'batch_too_large', calls: 101, limit: 100 } },
  });
  t.match(await handle(JSON.stringify(calls.slice(0, 3)), 2), [
    ok(0, 'late'),
    ok(1, 'late'),
    { id: 2, error: { data: { code: 'too_many_calls', limit: 2 } } },
  ]);
});
