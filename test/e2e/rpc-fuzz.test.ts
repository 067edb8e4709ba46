import fc from 'fast-check';
import t from 'tap';
import { z } from 'zod';
import { post, SocketClient, startServer } from './rpc-clients.js';
import { completion } from './rpc-fake-node.js';

const Response = z.union([
  z.strictObject({
    jsonrpc: z.literal('2.0'),
    id: z.union([z.string(), z.number(), z.null()]),
    result: z.unknown().refine((value) => value !== undefined),
  }),
  z.strictObject({
    jsonrpc: z.literal('2.0'),
    id: z.union([z.string(), z.number(), z.null()]),
    error: z.strictObject({
      code: z.int(),
      message: z.string().min(1),
      data: z.looseObject({ code: z.string() }),
    }),
  }),
]);
const Answer = z.union([Response, z.array(Response).min(1)]);

const methods = [
  'atoma_generate',
  'atoma_getTicket',
  'atoma_listTickets',
  'atoma_getEvidence',
  'atoma_listDisputes',
  'atoma_nodeInfo',
  'atoma_listModels',
  'atoma_unsubscribe',
];
const names = ['prompt', 'model', 'max_tokens', 'random_seed', 'top_p', 'request_id', 'ticket_id', 'limit'];
const value = fc.oneof(fc.jsonValue(), fc.constantFrom('tiny', '18446744073709551616', -1, 0.5, '__proto__'));
const params = fc.oneof(
  fc.jsonValue(),
  fc.array(value, { maxLength: 4 }),
  fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), value, { maxKeys: 5 }),
);
const request = fc.record(
  {
    jsonrpc: fc.oneof({ weight: 9, arbitrary: fc.constant('2.0') }, { weight: 1, arbitrary: fc.jsonValue() }),
    method: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...methods) },
      { weight: 1, arbitrary: fc.string() },
    ),
    params,
    id: fc.oneof(fc.string(), fc.integer(), fc.double(), fc.jsonValue()),
  },
  { requiredKeys: [] },
);
const message = fc.oneof(
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  { weight: 2, arbitrary: fc.json() },
  { weight: 5, arbitrary: request.map((value) => JSON.stringify(value)) },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.oneof(request, fc.jsonValue()), { maxLength: 5 })
      .map((value) => JSON.stringify(value)),
  },
);

t.test('any body gets a JSON-RPC answer or none, never a 5xx', async (t) => {
  const { server, node } = await startServer(t);
  node.answer = () => completion('x', [1]);
  await fc.assert(
    fc.asyncProperty(message, async (body) => {
      const response = await post(server.url, body);
      const text = await response.text();
      if (response.status === 204) return text === '';
      return response.status === 200 && Answer.safeParse(JSON.parse(text)).success;
    }),
    { numRuns: 300 },
  );
  t.equal((await fetch(`${server.url}/healthz`)).status, 200);
});

t.test('any frame gets a JSON-RPC answer or none, and the socket lives', async (t) => {
  const { server, node } = await startServer(t);
  node.answer = () => completion('x', [1]);
  const client = await SocketClient.connect(server.url);
  await fc.assert(
    fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 5 }), async (messages) => {
      for (const text of messages) client.socket.send(text);
      client.call('the last', 'atoma_nodeInfo');
      for (let answer = await client.next(); ; answer = await client.next()) {
        Answer.parse(answer);
        if (typeof answer === 'object' && answer !== null && 'id' in answer && answer.id === 'the last')
          return;
      }
    }),
    { numRuns: 100 },
  );
});
