import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { pino } from 'pino';
import t from 'tap';
import { z } from 'zod';
import { CallScope } from '#src/rpc/json-rpc/call-scope.js';
import { Dispatcher } from '#src/rpc/json-rpc/dispatcher.js';
import { defineMethod } from '#src/rpc/json-rpc/method.js';
import { ANYBODY } from '../fixtures/principal.js';

const notified: unknown[] = [];
const subtract = defineMethod({
  name: 'subtract',
  params: z.strictObject({ minuend: z.number(), subtrahend: z.number() }),
  run: ({ minuend, subtrahend }) => minuend - subtrahend,
});
const sum = defineMethod({
  name: 'sum',
  params: z.strictObject({ a: z.number(), b: z.number(), c: z.number() }),
  run: ({ a, b, c }) => a + b + c,
});
const update = defineMethod({
  name: 'update',
  params: z.strictObject({ a: z.number(), b: z.number(), c: z.number(), d: z.number(), e: z.number() }),
  run: (params) => notified.push(params),
});
const notifyHello = defineMethod({
  name: 'notify_hello',
  params: z.strictObject({ n: z.number() }),
  run: (params) => notified.push(params),
});
const getData = defineMethod({
  name: 'get_data',
  params: z.strictObject({}),
  run: () => ['hello', 5],
});
const optional = defineMethod({
  name: 'optional',
  params: z.strictObject({ first: z.string().default('a'), second: z.string().default('b') }),
  run: ({ first, second }) => first + second,
});
const fails = defineMethod({
  name: 'fails',
  params: z.strictObject({}),
  run: () => {
    throw new TypeError('cannot read /root/secret');
  },
});
const nothing = defineMethod({ name: 'nothing', params: z.strictObject({}), run: () => undefined });
const waits = defineMethod({
  name: 'waits',
  params: z.strictObject({}),
  run: async () => {
    await setImmediate();
    return 'late';
  },
});

const methods = [subtract, sum, update, notifyHello, getData, optional, fails, nothing, waits];
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

/** Section 7 of the specification, example by example. */
const EXAMPLES: readonly (readonly [name: string, request: string, answer: unknown])[] = [
  ['positional', '{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}', ok(1, 19)],
  [
    'positional, swapped',
    '{"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2}',
    ok(2, -19),
  ],
  [
    'named',
    '{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}',
    ok(3, 19),
  ],
  [
    'named, other order',
    '{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": 4}',
    ok(4, 19),
  ],
  ['notification', '{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}', undefined],
  ['notification of nothing', '{"jsonrpc": "2.0", "method": "foobar"}', undefined],
  ['non-existent method', '{"jsonrpc": "2.0", "method": "foobar", "id": "1"}', failed('1', -32601)],
  ['invalid JSON', '{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]', failed(null, -32700)],
  ['invalid request', '{"jsonrpc": "2.0", "method": 1, "params": "bar"}', failed(null, -32600)],
  [
    'batch, invalid JSON',
    '[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},{"jsonrpc": "2.0", "method"]',
    failed(null, -32700),
  ],
  ['empty batch', '[]', failed(null, -32600)],
  ['invalid batch', '[1]', [failed(null, -32600)]],
  ['invalid batch of three', '[1,2,3]', [failed(null, -32600), failed(null, -32600), failed(null, -32600)]],
  [
    'mixed batch',
    `[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
      {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},
      {"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},
      {"foo": "boo"},
      {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
      {"jsonrpc": "2.0", "method": "get_data", "id": "9"}]`,
    [ok('1', 7), ok('2', 19), failed(null, -32600), failed('5', -32601), ok('9', ['hello', 5])],
  ],
  [
    'batch of notifications',
    `[{"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},
      {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}]`,
    undefined,
  ],
];

for (const [name, request, answer] of EXAMPLES) {
  t.test(`the specification's example: ${name}`, async (t) => {
    const found = await handle(request);
    if (answer === undefined) t.equal(found, undefined);
    else t.match(found, answer as object);
    if (Array.isArray(answer)) t.equal(Array.isArray(found) && found.length, answer.length);
  });
}

t.test('notifications are run', async (t) => {
  notified.length = 0;
  await handle('{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}');
  t.same(notified, [{ a: 1, b: 2, c: 3, d: 4, e: 5 }]);
});

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
