import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import t, { type Test } from 'tap';
import type { OracleVerdict } from '#src/core/index.js';
import { Journal } from '#src/tickets/index.js';
import { MIGRATIONS } from '#src/tickets/migrations.js';

const FAR_MS = Number.MAX_SAFE_INTEGER;
const VERDICT: OracleVerdict = {
  ticketId: '0x1',
  inputTokens: 2n ** 64n - 1n,
  outputTokens: 0n,
  root: new Uint8Array(32).fill(1),
  leaves: [new Uint8Array(32).fill(2), new Uint8Array(32).fill(3)],
};
const JUDGEMENT = {
  verdict: VERDICT,
  findings: [
    { nodeId: 7n, found: 'agrees' },
    { nodeId: 2n ** 64n - 1n, found: 'leaf_differs' },
  ],
  countsAgree: false,
} as const;

async function journalPath(t: Test): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'atoma-journal-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return join(dir, 'journal.sqlite');
}

async function open(t: Test): Promise<Journal> {
  const journal = Journal.open({ path: await journalPath(t), badge: '0xb' });
  t.teardown(() => journal.close());
  return journal;
}

t.test('tickets that an older node had committed to are waited for', async (t) => {
  const path = await journalPath(t);
  const old = new DatabaseSync(path);
  for (const sql of MIGRATIONS.slice(0, 2)) old.exec(sql);
  old.exec('PRAGMA user_version = 2');
  for (const state of ['committed', 'settled', 'running']) {
    old.exec(`INSERT INTO tickets (id, event_id, params, leaf_index, chunks_count, output_destination, received_at,
      deadline, state) VALUES ('${state}', 'e', '{"model":"m"}', '0', '1', x'', 1, 5, '${state}')`);
  }
  old.close();
  const journal = Journal.open({ path, badge: '0xb' });
  t.teardown(() => journal.close());
  t.strictSame(journal.settlements.due(5, 10), [{ ticketId: 'committed', dueMs: 5, attempts: 0, sent: 0 }]);
  t.ok(journal.settlements.nodeJoined('m', 9) === false, 'it does not wait for nodes');
});

t.test(
  'a settlement is due when it was put off to, and at once where a node it waits for has joined',
  async (t) => {
    const { settlements } = await open(t);
    t.equal(settlements.nextDue(), undefined);
    settlements.await('a', 'm', 10);
    settlements.await('a', 'm', 99);
    settlements.await('b', 'm', 20);
    t.equal(settlements.nextDue(), 10, 'the first word stands');
    settlements.tried('a', 40, true);
    t.match(settlements.due(FAR_MS, 10), [
      { ticketId: 'b' },
      { ticketId: 'a', dueMs: 40, attempts: 1, sent: 1 },
    ]);
    t.strictSame(settlements.due(19, 10), []);
    settlements.lacksNodes('a');
    t.equal(settlements.nodeJoined('another', 15), false);
    t.equal(settlements.nodeJoined('m', 15), true);
    t.match(settlements.due(15, 10), [{ ticketId: 'a', dueMs: 15 }], 'only the one that waited for nodes');
    settlements.defer('a', 50);
    t.match(settlements.due(FAR_MS, 10), [{ ticketId: 'b' }, { ticketId: 'a', attempts: 0, sent: 1 }]);
    settlements.drop('a');
    settlements.drop('b');
    t.equal(settlements.nextDue(), undefined);
  },
);

t.test('the first verdict of an oracle stands, whatever it finds later', async (t) => {
  const { disputes } = await open(t);
  disputes.open('0x1', 'because', 5, 6);
  disputes.open('0x1', 'otherwise', 7, 8);
  t.match(disputes.get('0x1'), { cause: 'because', sinceMs: 5, state: 'open', verdict: undefined });
  disputes.judge('0x1', JUDGEMENT, 20);
  disputes.judge('0x1', { ...JUDGEMENT, verdict: { ...VERDICT, outputTokens: 9n } }, 30);
  t.match(disputes.get('0x1'), { state: 'judged', attempts: 0 });
  t.strictSame(disputes.get('0x1')?.verdict, VERDICT);
  t.strictSame(disputes.get('0x1')?.findings, JUDGEMENT.findings);
  t.equal(disputes.get('0x1')?.countsAgree, false);
  t.equal(disputes.nextDue(), 20);
});

t.test('a dispute goes its way, also where the chain is quicker than its answers', async (t) => {
  const { disputes } = await open(t);
  disputes.open('0x1', 'because', 5, 6);
  disputes.judge('0x1', JUDGEMENT, 6);
  disputes.postpone('0x1', 50, 'not yet');
  t.match(disputes.get('0x1'), { note: 'not yet', attempts: 1 });
  const end = { settlement: 'digest:0', oracleNodeId: 9n, dueMs: 60 };
  t.equal(disputes.end('0x1', end), true);
  disputes.sent('0x1', 'digest');
  t.match(disputes.get('0x1'), { state: 'closing', digest: 'digest', oracleNodeId: 9n });
  t.equal(disputes.nextDue(), 60, 'its end is still to be looked at');
  disputes.leave('0x1', 'too late');
  t.equal(disputes.get('0x1')?.state, 'closing');
  disputes.close('0x1', 'right');
  t.match(disputes.get('0x1'), { state: 'settled', own: 'right', note: undefined });
  t.equal(disputes.nextDue(), undefined);

  disputes.open('0x2', 'a dispute that is somebody else’s', 5, undefined);
  t.equal(disputes.nextDue(), undefined, 'nothing to do for it');
  t.equal(disputes.end('0x3', end), false, 'one that nobody knows');
  t.strictSame(
    disputes.list({ state: undefined, limit: 9 }).map(({ ticketId }) => ticketId),
    ['0x2', '0x1'],
  );
  t.strictSame(
    disputes.list({ state: 'open', limit: 9 }).map(({ ticketId }) => ticketId),
    ['0x2'],
  );
  t.strictSame(disputes.counts(), { byState: { open: 1, settled: 1 }, right: 1, wrong: 0 });
});
