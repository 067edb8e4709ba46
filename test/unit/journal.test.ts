import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import type { Commitment, PromptEvent, PromptParams, TicketAnswer } from '#src/core/index.js';
import { Journal, type JournalModules } from '#src/tickets/index.js';
import { PARAMS } from './prompt-params.js';

const BADGE = '0xbadge';
const SCOPE = { chain: 'sui:abc', filter: 'package:0x1' };

const event = (ticketId: string, params: PromptParams = PARAMS): PromptEvent => ({
  kind: 'prompt',
  id: `${ticketId}:0`,
  timestampMs: 7,
  checkpoint: 12n,
  ticketId,
  params,
  chunksCount: 3n,
  nodes: [1n, 2n ** 64n - 1n],
  outputDestination: Uint8Array.of(1, 2, 255),
});

const answer: TicketAnswer = {
  text: 'a\u0000b "é" 🙂',
  tokens: [1, 2, 4_294_967_295],
  inputTokens: 3,
  promptTokens: [1, 2, 3],
  profile: 'p',
  outputTokens: 3,
  finishReason: 'stop',
  timings: { prefillMs: 1.5, decodeMs: 2.25 },
  root: 'ab',
  leaf: 'cd',
  tokensPerSecond: 100,
};

const commitment = (ticketId: string, root = 1): Commitment => ({
  ticketId,
  inputTokens: 3n,
  outputTokens: 2n ** 64n - 1n,
  root: new Uint8Array(32).fill(root),
  leaf: new Uint8Array(32).fill(9),
});

async function journalPath(t: Test): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'atoma-journal-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return join(dir, 'deep', 'journal.sqlite');
}

async function journal(t: Test, modules: JournalModules = {}, maxPages?: number): Promise<Journal> {
  const opened = Journal.open({ path: await journalPath(t), badge: BADGE, maxPages }, modules);
  t.teardown(() => opened.close());
  return opened;
}

/** Closed and opened again, as by another process. */
function reopened(t: Test, from: Journal): Journal {
  from.close();
  const again = Journal.open({ path: from.path, badge: BADGE });
  t.teardown(() => again.close());
  return again;
}

t.test('a ticket is entered once and keeps the time and reason of each step, over restarts', async (t) => {
  let now = 1000;
  const first = await journal(t, { now: () => now++ });
  t.ok(first.open(event('a'), 0n, 5000));
  t.notOk(first.open(event('a'), 0n, 6000), 'the same event again changes nothing');
  t.ok(first.step('a', 'running'));
  t.ok(first.step('a', 'failed', { reason: 'why', error: { code: 'c', message: 'why', fields: { n: 1 } } }));
  const ticket = reopened(t, first).get('a');
  t.match(ticket, {
    id: 'a',
    eventId: 'a:0',
    deadlineMs: 5000,
    state: 'failed',
    chunksCount: 3n,
    error: { code: 'c', fields: { n: 1 } },
  });
  t.strictSame(
    ticket?.history.map(({ state, reason }) => [state, reason]),
    [
      ['received', undefined],
      ['running', undefined],
      ['failed', 'why'],
    ],
  );
  const times = ticket?.history.map(({ atMs }) => atMs) ?? [];
  t.strictSame(
    times,
    [...times].sort((a, b) => a - b),
  );
});

t.test('params, prompts and answers come back as they went in', async (t) => {
  const store = await journal(t);
  const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const f32 = fc.float({ noDefaultInfinity: false });
  const params = fc.record(
    {
      model: fc.string({ unit: 'grapheme' }),
      prompt: fc.string({ unit: 'binary' }),
      prePromptTokens: fc.array(fc.integer({ min: 0, max: 4_294_967_295 })),
      prependOutputWithInput: fc.boolean(),
      maxTokens: u64,
      randomSeed: u64,
      repeatLastN: u64,
      repeatPenalty: f32,
      shouldStreamOutput: fc.boolean(),
      temperature: f32,
      topK: u64,
      topP: f32,
    },
    { noNullPrototype: true },
  );
  let n = 0;
  fc.assert(
    fc.property(params, (given) => {
      const id = `t${n++}`;
      store.transaction(() => {
        store.keepPrompt(event(id, given));
        store.open(event(id, given), 1n, 0);
      });
      t.strictSame(store.get(id)?.params, given);
      t.strictSame(store.findPrompt(id), event(id, given));
    }),
    { numRuns: 200 },
  );
  store.step('t0', 'running');
  store.step('t0', 'answered', { answer, firstTokenAtMs: 12.5 });
  t.strictSame(store.get('t0')?.answer, answer);
});

t.test('a settled ticket cannot go back, and a stopped one goes back to the queue', async (t) => {
  const store = await journal(t);
  for (const id of ['a', 'b', 'c']) store.open(event(id), 0n, Number(id.charCodeAt(0)));
  for (const state of ['running', 'answered', 'committing', 'settled'] as const) t.ok(store.step('a', state));
  t.notOk(store.step('a', 'committed'));
  t.notOk(store.step('a', 'received'));
  t.notOk(store.step('unknown', 'settled'));
  t.ok(store.step('c', 'running'));
  t.ok(store.step('c', 'received', { reason: 'handed back' }));
  t.strictSame(store.openIds(), ['b', 'c'], 'by deadline');
  t.strictSame(store.counts().byState, { received: 2, settled: 1 });
  t.strictSame(
    store.list({ state: undefined, limit: 2 }).map(({ id }) => id),
    ['c', 'b'],
  );
});

t.test('a ticket committed after its deadline counts as late', async (t) => {
  let now = 0;
  const store = await journal(t, { now: () => now });
  for (const id of ['late', 'early']) {
    store.open(event(id), 0n, 100);
    for (const state of ['running', 'answered', 'committing'] as const) store.step(id, state);
  }
  now = 100;
  store.step('early', 'committed');
  now = 101;
  store.step('late', 'committed');
  t.equal(store.counts().late, 1);
  t.match([store.get('late'), store.get('early')], [{ late: true }, { late: false }]);
});

t.test('a second, different commitment is refused for ever', async (t) => {
  const first = await journal(t);
  first.bind(commitment('a'));
  first.bind(commitment('a'));
  const again = reopened(t, first);
  t.strictSame(again.commitment('a'), commitment('a'));
  t.throws(() => again.bind(commitment('a', 2)), {
    code: 'conflicting_commitment',
    message: /0101.*0202/,
    fields: { ticketId: 'a' },
  });
  t.throws(() => again.bind({ ...commitment('a'), outputTokens: 1n }), { code: 'conflicting_commitment' });
  t.strictSame(again.commitment('a'), commitment('a'), 'the first one stands');
});

t.test('the signed transaction is there before it is sent, and a new one takes its place', async (t) => {
  const first = await journal(t);
  first.open(event('a'), 0n, 0);
  for (const state of ['running', 'answered'] as const) first.step('a', state);
  const signed = { digest: 'd1', bytes: Uint8Array.of(1), signature: Uint8Array.of(2) };
  first.signed('a', signed);
  const again = reopened(t, first);
  t.strictSame(again.transactionOf('a'), signed);
  t.match(again.get('a'), { state: 'committing', digest: 'd1' });
  again.signed('a', { ...signed, digest: 'd2' });
  t.match(again.get('a'), { state: 'committing', digest: 'd2' });
});

t.test('cursor and what the events changed are written together or not at all', async (t) => {
  const first = await journal(t);
  t.equal(first.cursor(SCOPE), undefined);
  first.setCursor(SCOPE, 'one');
  t.throws(() =>
    first.transaction(() => {
      first.open(event('a'), 0n, 0);
      first.setCursor(SCOPE, 'two');
      throw new Error('killed here');
    }),
  );
  const again = reopened(t, first);
  t.equal(again.cursor(SCOPE), 'one');
  t.equal(again.get('a'), undefined);
  t.equal(again.cursor({ ...SCOPE, chain: 'sui:other' }), undefined, 'a cursor belongs to its chain');
});

t.test('what cannot be used is refused with what to do', async (t) => {
  const good = await journal(t);
  good.close();
  t.throws(() => Journal.open({ path: good.path, badge: '0xother' }), {
    code: 'journal_foreign',
    message: /0xbadge.*0xother.*data_dir/,
  });

  const newer = new DatabaseSync(good.path);
  newer.exec('PRAGMA user_version = 99');
  newer.close();
  t.throws(() => Journal.open({ path: good.path, badge: BADGE }), {
    code: 'journal_newer',
    message: /version 99.*newer node/,
  });

  const noJournal = await journalPath(t);
  await rm(noJournal, { force: true });
  const file = join(noJournal, '..', '..', 'text');
  await writeFile(file, 'this is not a database, and it is long enough to be seen as none '.repeat(20));
  t.throws(() => Journal.open({ path: file, badge: BADGE }), { code: 'journal_corrupt', message: /text/ });

  t.throws(() => Journal.open({ path: join(file, 'journal.sqlite'), badge: BADGE }), {
    code: 'journal_unwritable',
    message: /data_dir/,
  });
});

t.test('a damaged journal is found at start', async (t) => {
  const good = await journal(t);
  for (let n = 0; n < 200; n++) good.open(event(`ticket ${n}`), 0n, 0);
  good.close();
  const { open } = await import('node:fs/promises');
  const handle = await open(good.path, 'r+');
  const { size } = await handle.stat();
  // All but the header: what a disk does that lost its sectors.
  const damage = Buffer.alloc(size - 4096, 0x5a);
  await handle.write(damage, 0, damage.length, 4096);
  await handle.close();
  t.throws(() => Journal.open({ path: good.path, badge: BADGE }), {
    code: 'journal_corrupt',
    message: /backup/,
  });
});

t.test('a full disk: the write fails as a whole, says so, and later ones go through', async (t) => {
  const store = await journal(t, {}, 60);
  let opened = 0;
  const fill = (): void => {
    for (;;) {
      store.open(event(`t${opened}`, { ...PARAMS, prompt: 'x'.repeat(1000) }), 0n, 0);
      opened++;
    }
  };
  t.throws(fill, { code: 'journal_disk_full', message: /free space/ });
  t.match(store.fault, { code: 'journal_disk_full' });
  t.equal(store.get(`t${opened}`), undefined, 'nothing of the failed write is there');
  t.equal(store.counts().byState.received, opened);
  store.step('t0', 'running');
  t.equal(store.fault, undefined, 'a small write still fits, and clears the fault');
});

t.test('a reader beside the node sees what is written and writes nothing', async (t) => {
  const store = await journal(t);
  store.open(event('a'), 0n, 0);
  const reader = Journal.open({ path: store.path, badge: BADGE, readOnly: true });
  t.teardown(() => reader.close());
  store.step('a', 'running');
  t.match(reader.get('a'), { state: 'running' });
  t.throws(() => reader.step('a', 'answered'), { code: 'journal_unwritable' });
});
