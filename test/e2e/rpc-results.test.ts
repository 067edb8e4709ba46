import t from 'tap';
import type { z } from 'zod';
import type { Dispute, TicketAnswer } from '#src/core/index.js';
import { createMethods } from '#src/rpc/methods/index.js';
import { call, startServer } from './rpc-clients.js';
import { completion, FakeNode, ticket, troubledInfo } from './rpc-fake-node.js';

const results = new Map(
  createMethods(new FakeNode(), () => 'http://x').map(({ name, result }) => [name, result]),
);

const HASH = 'ab'.repeat(32);
const ANSWER: TicketAnswer = {
  ...{ text: 'hi', tokens: [9], inputTokens: 3, promptTokens: [1, 2, 3], profile: 'p', outputTokens: 1 },
  ...{
    finishReason: 'stop',
    timings: { prefillMs: 1, decodeMs: 2 },
    root: HASH,
    leaf: HASH,
    tokensPerSecond: 12.5,
  },
};
const BYTES = new Uint8Array(32).fill(7);
const DISPUTE: Dispute = {
  ...{
    ticketId: '0xaa',
    sinceMs: 1,
    cause: 'leaves differ',
    state: 'judged',
    attempts: 1,
    countsAgree: true,
  },
  verdict: { ticketId: '0xaa', inputTokens: 3n, outputTokens: 1n, root: BYTES, leaves: [BYTES, BYTES] },
  findings: [{ nodeId: 3n, found: 'agrees' }],
  ...{ digest: undefined, settlement: undefined, oracleNodeId: 4n, own: 'right', note: undefined },
};

t.test('every method answers what its schema says, and nothing besides', async (t) => {
  const { server, node } = await startServer(t, {}, 'the token');
  const scored = { token: 1, text: 'a', bytes: [97], logprob: -0.5 };
  node.answer = () => ({ ...completion('a', [1]), logprobs: [{ ...scored, top: [scored] }], stopText: '!' });
  node.info = troubledInfo(node.info);
  node.tickets.push(
    { ...ticket('0xaa', 'settled'), answer: ANSWER, digest: '9xyz', firstTokenAtMs: 1001 },
    { ...ticket('0xbb', 'failed'), error: { code: 'x', message: 'X.', fields: { contextSize: 1 } } },
  );
  node.disputes.push(DISPUTE);
  const calls: Readonly<Record<string, unknown>> = {
    atoma_generate: { prompt: 'x', top_logprobs: 1 },
    atoma_cancel: { request_id: 'a' },
    atoma_getTicket: ['0xaa'],
    atoma_getEvidence: ['0xaa'],
    atoma_listTickets: {},
    atoma_listDisputes: {},
    atoma_nodeInfo: {},
    atoma_listModels: {},
    'rpc.discover': {},
  };
  for (const [method, params] of Object.entries(calls)) {
    const { result } = (await call(server.url, method, params)) as { result: unknown };
    t.strictSame(schemaOf(method).parse(result), result, method);
  }
  // Over HTTP no client of this test can be an admin, nor subscribe: see open-rpc-client.test.ts.
  const elsewhere = ['atoma_loadModel', 'atoma_unloadModel', 'atoma_subscribe', 'atoma_unsubscribe'];
  t.same([...results.keys()].sort(), [...Object.keys(calls), ...elsewhere].sort(), 'no method is left out');
});

function schemaOf(method: string): z.ZodType {
  const schema = results.get(method);
  if (schema === undefined) throw new Error(`there is no method ${method}`);
  return schema;
}
