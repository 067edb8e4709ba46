import fc from 'fast-check';
import t from 'tap';
import { type Lane, Scheduler } from '#src/scheduler/index.js';
import {
  code,
  jobOf,
  OPTIONS,
  plain,
  REQUEST,
  SimulatedExecutor,
  settled,
  VirtualTime,
} from './scheduler-simulation.js';

/** A device of `capacity` sequences that runs `exclusive` reproducible jobs beside them. */
function rig(capacity: number, exclusive: number, changed: Partial<typeof OPTIONS> = {}) {
  const time = new VirtualTime();
  const executor = new SimulatedExecutor({ capacity, exclusive, time });
  const scheduler = new Scheduler({ ...OPTIONS, ...changed }, { executors: [executor], timing: time });
  const submit = (id: string, lane: Lane, reproducible: boolean, tokens = 100) =>
    scheduler.submit({ ...jobOf(id, tokens), reproducible }, lane, plain());
  const ticket = (inMs = 1e6): Lane => ({ kind: 'ticket', deadlineMs: time.nowMs + inMs });
  return { time, executor, scheduler, submit, ticket };
}

t.test('tickets that wait for their place keep no request from the sequences', async (t) => {
  const { time, executor, scheduler, submit, ticket } = rig(4, 1, { ticketReserve: 0.5 });
  const tickets = ['t1', 't2', 't3'].map((id) => submit(id, ticket(), true));
  const requests = ['r1', 'r2', 'r3', 'r4'].map((id) => submit(id, REQUEST, false));
  t.same(
    executor.started,
    ['t1', 'r1', 'r2', 'r3', 'r4'],
    'all sequences are for requests: tickets have none',
  );
  t.match(scheduler.status(), { running: 5, waitingTickets: 2, capacity: 5 });
  await time.run();
  t.same(await Promise.all([...tickets, ...requests].map(code)), new Array(7).fill('done'));
  t.equal(executor.mostReproducible, 1);
});

t.test('a reproducible request waits behind tickets, and holds up no other request', async (t) => {
  const { time, executor, submit, ticket } = rig(2, 1, { maxRequestWaitMs: 10_000 });
  const all = [
    submit('t1', ticket(), true),
    submit('careful', REQUEST, true),
    submit('t2', ticket(), true),
    submit('plain', REQUEST, false),
  ];
  t.same(executor.started, ['t1', 'plain']);
  await time.run();
  await Promise.all(all);
  t.same(executor.started, ['t1', 'plain', 't2', 'careful']);
});

t.test('a request hears how long the places for it are taken, not others', async (t) => {
  const { time, submit, ticket } = rig(2, 1, { maxRequestWaitMs: 500 });
  const measured = submit('measured', ticket(), true, 100);
  await time.run();
  await measured;
  const tickets = Array.from({ length: 20 }, (_, n) => submit(`t${n}`, ticket(), true, 100));
  await t.rejects(submit('careful', REQUEST, true), { code: 'busy' }, 'two seconds of tickets go before it');
  const requests = ['r1', 'r2', 'r3'].map((id) => submit(id, REQUEST, false, 100));
  await time.run();
  await Promise.all([...tickets, ...requests]);
  t.pass('tickets are no reason to refuse a request that does not wait for them');
});

t.test('where nothing is apart, reproducible jobs take the places of all', async (t) => {
  const time = new VirtualTime();
  const executor = new SimulatedExecutor({ capacity: 3, time });
  const scheduler = new Scheduler(
    { ...OPTIONS, ticketReserve: 0.25 },
    { executors: [executor], timing: time },
  );
  const all = [true, false, true].map((reproducible, n) =>
    scheduler.submit({ ...jobOf(`r${n}`), reproducible }, REQUEST, plain()),
  );
  await settled();
  t.equal(executor.running.size, 2, 'one is held back for tickets');
  await time.run();
  await Promise.all(all);
});

const arrival = fc.record({
  kind: fc.constantFrom('ticket', 'request', 'reproducible request'),
  /** After the one before, ms. */
  afterMs: fc.nat(60),
  tokens: fc.integer({ min: 1, max: 200 }),
});
const device = fc.record({
  capacity: fc.integer({ min: 1, max: 4 }),
  exclusive: fc.option(fc.integer({ min: 1, max: 2 }), { nil: undefined }),
});

t.test('whatever comes to devices of both kinds: no place is taken twice, and every job ends', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(device, { minLength: 1, maxLength: 3 }),
      fc.array(arrival, { maxLength: 50 }),
      async (devices, arrivals) => {
        const time = new VirtualTime();
        // Each throws where it is given more than it has places for.
        const executors = devices.map(
          ({ capacity, exclusive }, n) =>
            new SimulatedExecutor({
              id: String(n),
              capacity,
              time,
              ...(exclusive !== undefined && { exclusive }),
            }),
        );
        const scheduler = new Scheduler(OPTIONS, { executors, timing: time });
        const ends: Promise<unknown>[] = [];
        let atMs = 0;
        arrivals.forEach(({ kind, afterMs, tokens }, n) => {
          atMs += afterMs;
          time.after(atMs, () => {
            const lane: Lane = kind === 'ticket' ? { kind, deadlineMs: time.nowMs + 1000 } : REQUEST;
            const job = { ...jobOf(`${kind}${n}`, tokens), reproducible: kind !== 'request' };
            ends.push(
              scheduler.submit(job, lane, plain()).then(
                () => 'done',
                (error) => `${kind}: ${error.code}`,
              ),
            );
          });
        });
        await time.run();
        const allowed = new Set(['done', 'request: busy', 'reproducible request: busy']);
        const { waiting, running } = scheduler.status();
        return (
          (await Promise.all(ends)).every((end) => allowed.has(String(end))) &&
          executors.every(({ mostReproducible }, n) => {
            const { capacity = 0, exclusive } = devices[n] ?? {};
            return mostReproducible <= Math.min(capacity, exclusive ?? capacity);
          }) &&
          waiting + running + time.pending === 0
        );
      },
    ),
    { numRuns: 60 },
  );
  t.pass();
});
