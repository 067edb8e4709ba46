import t from 'tap';
import type { PromptEvent } from '#src/core/index.js';
import { TicketBook } from '#src/tickets/index.js';
import { PARAMS } from './prompt-params.js';

const event = (ticketId: string): PromptEvent => ({
  kind: 'prompt',
  id: `${ticketId}:0`,
  timestampMs: undefined,
  ticketId,
  params: PARAMS,
  chunksCount: 1n,
  nodes: [1n],
  outputDestination: new Uint8Array(),
});

t.test('a ticket is entered once and keeps the time and reason of each step', async (t) => {
  let now = 1000;
  const book = new TicketBook({ maxEnded: 10 }, { now: () => now++ });
  t.ok(book.open(event('a'), 0n));
  t.equal(book.open(event('a'), 0n), undefined);
  t.ok(book.step('a', 'running'));
  t.ok(book.step('a', 'failed', { reason: 'the device died' }));
  t.strictSame(book.get('a')?.history, [
    { state: 'received', atMs: 1000, reason: undefined },
    { state: 'running', atMs: 1001, reason: undefined },
    { state: 'failed', atMs: 1002, reason: 'the device died' },
  ]);
});

t.test('a settled ticket cannot go back, and a committed one does not commit again', async (t) => {
  const book = new TicketBook({ maxEnded: 10 });
  book.open(event('a'), 0n);
  for (const state of ['running', 'answered', 'committing', 'settled'] as const) t.ok(book.step('a', state));
  t.notOk(book.step('a', 'committed'));
  t.notOk(book.step('a', 'failed'));
  t.equal(book.get('a')?.state, 'settled');
  t.notOk(book.step('unknown', 'settled'));
});

t.test('the oldest ended tickets are forgotten, running ones never', async (t) => {
  const book = new TicketBook({ maxEnded: 2 });
  for (const id of ['a', 'b', 'c', 'd']) book.open(event(id), 0n);
  for (const id of ['a', 'b', 'c']) book.step(id, 'skipped');
  t.equal(book.get('a'), undefined);
  t.strictSame(
    book.list({ state: undefined, limit: 10 }).map(({ id }) => id),
    ['d', 'c', 'b'],
  );
  t.strictSame(
    book.list({ state: 'skipped', limit: 1 }).map(({ id }) => id),
    ['c'],
  );
  t.strictSame(book.counts(), { received: 1, skipped: 2 });
});
