import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { loadConfig } from '#src/config/index.js';
import { AtomaNode } from '#src/node/index.js';
import { Journal } from '#src/tickets/index.js';
import { CrashingNode } from './crashing-node.js';
import { NodeProcess } from './node-process.js';
import { ANSWER, type Network, network, until } from './question.js';

/** Far more than the pages of an empty journal have room for. */
const TICKETS = 12;
const BALLAST_BYTES = 1_000_000;

function changeFile(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA busy_timeout = 5000; ${sql}`);
  database.close();
}

async function nodeOnFullDisk(t: Test, { files, journalPath, operator }: Network): Promise<string> {
  Journal.open({ path: journalPath, badge: operator.badgeId }).close();
  changeFile(journalPath, `CREATE TABLE ballast AS SELECT zeroblob(${BALLAST_BYTES}) AS bytes`);
  const { modelConfigPath, suiSubscriberPath, atomaSuiClientConfigPath } = files;
  const config = await loadConfig({ modelConfigPath, suiSubscriberPath, atomaSuiClientConfigPath });
  const node = await AtomaNode.create(
    config,
    // SQLite lets a file that is larger already keep its size, and grow no more.
    { acceptGap: false, lockDir: dirname(modelConfigPath), journal: { maxPages: 1 } },
    { logger: pino({ level: 'silent' }) },
  );
  t.teardown(() => node.stop(0));
  const url = await node.listen();
  const onFatal = (error: unknown): void => {
    t.fail(String(error));
  };
  await node.start({ onProgress: () => undefined, onFatal });
  return url;
}

t.test('a full disk: intake stops, nothing unwritten is committed, and it goes on by itself', async (t) => {
  const net = await network(t);
  const { chain, ask, settlement, journalPath, operator } = net;
  const url = await nodeOnFullDisk(t, net);
  const get = async (path: string): Promise<string> => (await fetch(`${url}${path}`)).text();
  await until(async () => (await fetch(`${url}/readyz`)).ok);
  t.match(await get('/metrics'), /^atoma_journal_ok 1$/m);

  const tickets: string[] = [];
  for (let n = 0; n < TICKETS; n++) tickets.push(await ask());
  await until(async () => (await get('/readyz')).includes('the disk is full'));
  t.equal((await fetch(`${url}/readyz`)).status, 503);
  t.match(await get('/metrics'), /^atoma_journal_ok 0$/m);

  const journal = Journal.open({ path: journalPath, badge: operator.badgeId, readOnly: true });
  t.teardown(() => journal.close());
  t.ok(
    tickets.some((id) => journal.get(id) === undefined),
    'there were more tickets than room',
  );
  for (const { ticketId, root } of chain.commitments()) {
    t.equal(hex(journal.commitment(ticketId)?.root), root, 'what is on chain is in the journal');
  }

  changeFile(journalPath, 'DROP TABLE ballast');
  for (const id of tickets) {
    await settlement(id);
    const { answer } = await net.ticket(id, ({ state }) => state === 'settled');
    t.equal(answer?.text, ANSWER);
    t.equal(hex(journal.commitment(id)?.root), answer?.root);
  }
  await until(async () => (await fetch(`${url}/readyz`)).ok);
  t.match(await get('/metrics'), /^atoma_journal_ok 1$/m);
  t.equal(chain.commitments().length, TICKETS, 'one commitment each');
});

t.test('a journal that cannot be used ends the start with one error that says why', async (t) => {
  const cases: readonly {
    readonly what: string;
    readonly code: string;
    readonly says: RegExp;
    readonly prepare: (net: Network) => unknown;
  }[] = [
    {
      what: 'of a newer node',
      code: '2',
      says: /has version 99, .* Start that one, or set another data_dir/,
      prepare: ({ journalPath, operator }) => {
        Journal.open({ path: journalPath, badge: operator.badgeId }).close();
        changeFile(journalPath, 'PRAGMA user_version = 99');
      },
    },
    {
      what: 'of another badge',
      code: '2',
      says: /belongs to the node badge 0xother, .* Set another data_dir/,
      prepare: ({ journalPath }) => Journal.open({ path: journalPath, badge: '0xother' }).close(),
    },
    {
      what: 'in a folder that cannot be made',
      code: '2',
      says: /cannot lock the journal .*(EEXIST|ENOTDIR).* must be able to write in it/,
      prepare: ({ journalPath }) => writeFile(dirname(journalPath), 'a file where the folder should be'),
    },
    {
      what: 'that is something else',
      code: '1',
      says: /the file is no journal; move it away or set another data_dir/,
      prepare: async ({ journalPath }) => {
        await mkdir(dirname(journalPath), { recursive: true });
        await writeFile(journalPath, 'no journal, but long enough to be looked at. '.repeat(100));
      },
    },
  ];
  await Promise.all(
    cases.map(async ({ what, code, says, prepare }) => {
      const net = await network(t);
      await prepare(net);
      const node = new NodeProcess(net.files);
      t.teardown(() => node.kill());
      t.equal(await node.ended, code, `a journal ${what}: exit code`);
      t.match(node.log, says, `a journal ${what}: what to do`);
      t.equal(node.log.trim().split('\n').length, 1, `a journal ${what}: one error`);
    }),
  );
});

t.test('a second root for a ticket is refused with an alarm, and nothing is sent', async (t) => {
  const { chain, files, ask, ticket, journalPath, operator } = await network(t);
  // Entered, running: it stands still while its journal is bound to another answer.
  const node = new CrashingNode(t, files, { from: 'ticket', write: 2, phase: 'after', act: 'wait' });
  t.ok(await node.ready);
  await node.arm();
  const id = await ask();
  t.equal(await node.reached, 'running');
  const journal = Journal.open({ path: journalPath, badge: operator.badgeId });
  const [root, leaf] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  journal.bind({ ticketId: id, inputTokens: 1n, outputTokens: 1n, root, leaf });
  journal.close();
  node.release();
  const failed = await ticket(id, ({ state }) => state === 'failed');
  t.equal(failed.error?.code, 'conflicting_commitment');
  await until(() => node.log.includes('ALARM'));
  t.match(node.log, new RegExp(`ALARM: ticket ${id}: this node has committed to root ${hex(root)} `));
  t.equal(await node.stop(), '0');

  const next = new NodeProcess(files);
  t.teardown(() => next.kill());
  t.ok(await next.ready);
  t.equal(await next.stop(), '0');
  t.equal((await ticket(id, () => true)).state, 'failed');
  t.strictSame(chain.commitments(), [], 'neither root goes to the chain');
});

function hex(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString('hex');
}
