import { setImmediate as nextTurn } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { TicketHouse } from '../fixtures/ticket-house.js';

const HOUR_MS = 3_600_000;

async function open(t: Test, jobMs = 0): Promise<TicketHouse> {
  const house = await TicketHouse.open({ capacity: 16, jobMs });
  t.teardown(() => house.close());
  return house;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await nextTurn();
}

const range = (length: number, ticket: (n: number) => { id: string; deadlineMs: number }) =>
  Array.from({ length }, (_, n) => ticket(n));

t.test(
  'a backlog of 3000 tickets: by deadline, and the late ones after those that can make it',
  async (t) => {
    const house = await open(t);
    const now = Date.now();
    // As a node finds them that was away: 1600 are too late, the others came in no order.
    const late = range(1600, (n) => ({ id: `late ${n}`, deadlineMs: now - HOUR_MS + n }));
    const onTime = range(1400, (n) => ({
      id: `on time ${n}`,
      deadlineMs: now + HOUR_MS + ((n * 617) % 1400),
    }));
    house.receive([...late, ...onTime]);
    house.flow.resume();
    await until(() => house.committed.length === 3000);

    const byDeadline = onTime.toSorted((a, b) => a.deadlineMs - b.deadlineMs).map(({ id }) => id);
    const ranked = new Map(byDeadline.map((id, rank) => [id, rank]));
    const [first, second] = [house.started.slice(0, 1400), house.started.slice(1400)];
    t.same(new Set(first), new Set(byDeadline), 'those that can make it went first');
    // Tickets are begun in slices, so that a job can start that is a slice away from its place.
    const astray = first.map((id, place) => Math.abs(place - (ranked.get(id) ?? Number.NaN)));
    t.ok(Math.max(...astray) <= 40, `by deadline, ${Math.max(...astray)} places off at most`);
    t.same(new Set(second), new Set(late.map(({ id }) => id)), 'each late one was answered too');
    t.equal(new Set(house.committed).size, 3000, 'each was committed once');
    t.equal(house.journal.counts().byState.committed, 3000);
    t.equal(house.journal.counts().late, 1600);
    t.same(house.journal.openIds(), []);
  },
);

t.test('a flood of late tickets leaves places to one that can make it', async (t) => {
  const house = await open(t);
  const now = Date.now();
  const late = range(3000, (n) => ({ id: `late ${n}`, deadlineMs: now - HOUR_MS + n }));
  house.receive(late);
  house.flow.take(late.map(({ id }) => id));
  await until(() => house.started.length > 0);
  const startedBefore = house.started.length;
  house.receive([{ id: 'fresh', deadlineMs: now + HOUR_MS }]);
  house.flow.take(['fresh']);
  await until(() => house.committed.includes('fresh'));
  // It goes before those that wait, and not before those that were given their turn meanwhile.
  t.ok(house.started.indexOf('fresh') - startedBefore < 1100, 'it did not wait for all of them');
});

t.test('the event loop turns while a backlog is taken up', async (t) => {
  const house = await open(t, 60_000);
  house.receive(range(2000, (n) => ({ id: `ticket ${n}`, deadlineMs: Date.now() + HOUR_MS })));
  house.flow.resume();
  let turns = 0;
  await until(() => {
    turns++;
    return house.scheduler.status().waitingTickets === 2000 - 16;
  });
  t.ok(turns >= 2000 / 20, `others had ${turns} turns`);
});
