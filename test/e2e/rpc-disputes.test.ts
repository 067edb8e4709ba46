import t from 'tap';
import type { Dispute } from '#src/core/index.js';
import { call, startServer } from './rpc-clients.js';

const LEAF = new Uint8Array(32).fill(0xaa);

const JUDGED: Dispute = {
  ticketId: '0x1',
  sinceMs: 5,
  cause: 'the commitments of its nodes differ',
  state: 'judged',
  attempts: 1,
  verdict: {
    ticketId: '0x1',
    inputTokens: 18_446_744_073_709_551_615n,
    outputTokens: 2n,
    root: new Uint8Array(32).fill(0xbb),
    leaves: [LEAF, LEAF],
  },
  findings: [
    { nodeId: 1n, found: 'agrees' },
    { nodeId: 2n, found: 'leaf_differs' },
  ],
  countsAgree: true,
  digest: undefined,
  settlement: undefined,
  oracleNodeId: undefined,
  own: undefined,
  note: 'the ticket has not timed out yet',
};

t.test('disputes are listed with what the oracle found', async (t) => {
  const { server, node } = await startServer(t);
  const lost: Dispute = {
    ...{ ...JUDGED, ticketId: '0x2', state: 'settled', own: 'wrong', note: undefined },
    ...{ verdict: undefined, findings: [], countsAgree: undefined, oracleNodeId: 9n, settlement: 'digest:0' },
  };
  node.disputes.push(JUDGED, lost);
  t.same(await call(server.url, 'atoma_listDisputes'), {
    jsonrpc: '2.0',
    id: 1,
    result: [
      {
        ticket_id: '0x1',
        since_ms: 5,
        cause: 'the commitments of its nodes differ',
        state: 'judged',
        attempts: 1,
        verdict: {
          input_tokens: '18446744073709551615',
          output_tokens: '2',
          root: 'bb'.repeat(32),
          leaves: ['aa'.repeat(32), 'aa'.repeat(32)],
        },
        findings: [
          { node: '1', found: 'agrees' },
          { node: '2', found: 'leaf_differs' },
        ],
        counts_agree: true,
        digest: null,
        settlement_event: null,
        oracle: null,
        own_commitment: null,
        note: 'the ticket has not timed out yet',
      },
      {
        ticket_id: '0x2',
        since_ms: 5,
        cause: 'the commitments of its nodes differ',
        state: 'settled',
        attempts: 1,
        verdict: null,
        findings: [],
        counts_agree: null,
        digest: null,
        settlement_event: 'digest:0',
        oracle: '9',
        own_commitment: 'wrong',
        note: null,
      },
    ],
  });
  t.match(await call(server.url, 'atoma_listDisputes', { state: 'settled', limit: 1 }), {
    result: [{ ticket_id: '0x2' }],
  });
  t.match(await call(server.url, 'atoma_listDisputes', { state: 'lost' }), {
    error: { code: -32602, message: /state is "lost".*open/ },
  });
});
