import fc from 'fast-check';
import t from 'tap';
import { AtomaError } from '#src/core/index.js';
import { type Lane, Scheduler } from '#src/scheduler/index.js';
import { jobOf, OPTIONS, plain, SimulatedExecutor, VirtualTime } from './scheduler-simulation.js';

interface Outcome {
  readonly id: string;
  readonly isTicket: boolean;
  readonly deadlineMs: number;
  readonly submittedAt: number;
  readonly endedAt: number;
  /** undefined: it ended well. */
  readonly code: string | undefined;
  readonly startedAt: number | undefined;
}

/** Submits a job and writes down what became of it; `ends` counts how often that was told. */
async function follow(
  scheduler: Scheduler,
  time: VirtualTime,
  id: string,
  lane: Lane,
  tokens: number,
  signal?: AbortSignal,
): Promise<Outcome> {
  const submittedAt = time.nowMs;
  let startedAt: number | undefined;
  const onStart = (): void => {
    startedAt = time.nowMs;
  };
  const options = signal === undefined ? plain() : { ...plain(), signal };
  const code = await scheduler.submit(jobOf(id, tokens), lane, { ...options, onStart }).then(
    () => undefined,
    (error: unknown) => (error instanceof AtomaError ? error.code : 'not an AtomaError'),
  );
  const deadlineMs = lane.kind === 'ticket' ? lane.deadlineMs : Number.POSITIVE_INFINITY;
  return {
    id,
    isTicket: lane.kind === 'ticket',
    deadlineMs,
    submittedAt,
    endedAt: time.nowMs,
    code,
    startedAt,
  };
}

const arrival = fc.record({
  ticket: fc.boolean(),
  /** After the one before, ms. */
  afterMs: fc.nat(60),
  tokens: fc.integer({ min: 1, max: 200 }),
  slackMs: fc.integer({ min: -100, max: 2000 }),
  cancelAfterMs: fc.option(fc.nat(300), { nil: undefined, freq: 6 }),
});

t.test(
  'whatever comes: never over capacity, each job ends once, the reserve stays free, no request waits too long',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
        fc.constantFrom(0, 0.25, 0.5, 1),
        fc.array(arrival, { maxLength: 60 }),
        async (capacities, ticketReserve, arrivals) => {
          const time = new VirtualTime();
          const executors = capacities.map(
            (capacity, n) => new SimulatedExecutor({ id: String(n), capacity, time }),
          );
          const total = capacities.reduce((sum, capacity) => sum + capacity, 0);
          const forRequests = total - Math.min(Math.ceil(total * ticketReserve), total - 1);
          const scheduler = new Scheduler({ ...OPTIONS, ticketReserve }, { executors, timing: time });
          const outcomes: Promise<Outcome>[] = [];
          let isReserveFree = true;
          let atMs = 0;
          arrivals.forEach(({ ticket, afterMs, tokens, slackMs, cancelAfterMs }, n) => {
            atMs += afterMs;
            time.after(atMs, () => {
              const abort = new AbortController();
              if (cancelAfterMs !== undefined) time.after(cancelAfterMs, () => abort.abort());
              const lane: Lane = ticket
                ? { kind: 'ticket', deadlineMs: time.nowMs + slackMs }
                : { kind: 'request' };
              outcomes.push(follow(scheduler, time, `${ticket ? 't' : 'r'}${n}`, lane, tokens, abort.signal));
            });
          });
          while (await time.step()) {
            const requests = executors.flatMap(({ running }) =>
              [...running.keys()].filter((id) => id.startsWith('r')),
            );
            isReserveFree &&= requests.length <= forRequests;
          }
          const ended = await Promise.all(outcomes);
          const started = executors.flatMap((executor) => executor.started);
          return (
            isReserveFree &&
            ended.length === arrivals.length &&
            executors.every(({ most }, n) => most <= (capacities[n] ?? 0)) &&
            new Set(started).size === started.length &&
            ended.every(
              ({ code, isTicket }) =>
                code === undefined || code === 'cancelled' || (!isTicket && code === 'busy'),
            ) &&
            ended.every(
              ({ isTicket, startedAt, endedAt, submittedAt }) =>
                isTicket || (startedAt ?? endedAt) - submittedAt <= OPTIONS.maxRequestWaitMs,
            ) &&
            scheduler.status().waiting === 0 &&
            scheduler.status().running === 0 &&
            time.pending === 0
          );
        },
      ),
      { numRuns: 60 },
    );
    t.pass();
  },
);

t.test('with one sequence and right predictions, hopeless tickets make no feasible one late', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ tokens: fc.integer({ min: 2, max: 100 }), slackMs: fc.nat(500) }), {
        minLength: 1,
        maxLength: 20,
      }),
      fc.array(
        fc.record({ tokens: fc.integer({ min: 2, max: 100 }), shortMs: fc.integer({ min: 1, max: 50 }) }),
        { maxLength: 20 },
      ),
      async (feasible, hopeless) => {
        const time = new VirtualTime();
        const executor = new SimulatedExecutor({ capacity: 1, time });
        const scheduler = new Scheduler(OPTIONS, { executors: [executor], timing: time });
        const measured = follow(scheduler, time, 'measured', { kind: 'ticket', deadlineMs: 1e9 }, 50);
        await time.run();
        await measured;
        // While this one runs the others gather, so that they all are there when the first is chosen.
        const outcomes = [follow(scheduler, time, 'gate', { kind: 'ticket', deadlineMs: 1e9 }, 50)];
        const beginMs = time.nowMs + 50;
        hopeless.forEach(({ tokens, shortMs }, n) => {
          outcomes.push(
            follow(
              scheduler,
              time,
              `hopeless ${n}`,
              { kind: 'ticket', deadlineMs: beginMs + tokens - shortMs },
              tokens,
            ),
          );
        });
        // Deadlines that leave room for every feasible ticket with an earlier one: each can be met.
        let doneMs = beginMs;
        for (const [n, { tokens, slackMs }] of feasible.entries()) {
          doneMs += tokens;
          const latest = outcomes.length;
          const deadlineMs = doneMs + slackMs;
          outcomes.push(
            follow(scheduler, time, `feasible ${n} ${latest}`, { kind: 'ticket', deadlineMs }, tokens),
          );
        }
        await time.run();
        const ended = await Promise.all(outcomes);
        return (
          ended.every(({ id, endedAt, deadlineMs }) => !id.startsWith('feasible') || endedAt <= deadlineMs) &&
          scheduler.status().lateTickets === hopeless.length
        );
      },
    ),
    { numRuns: 100 },
  );
  t.pass();
});

t.test(
  'devices that die: a job that kills twice fails, all others end well, suspects run alone',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
        fc.array(
          fc.record({
            ticket: fc.boolean(),
            afterMs: fc.nat(40),
            tokens: fc.integer({ min: 2, max: 100 }),
            kills: fc.boolean(),
          }),
          { maxLength: 25 },
        ),
        async (capacities, arrivals) => {
          const time = new VirtualTime();
          const suspects = new Set<string>();
          const killers = new Set(arrivals.flatMap(({ kills }, n) => (kills ? [`j${n}`] : [])));
          const executors = capacities.map(
            (capacity, n) =>
              new SimulatedExecutor({
                id: String(n),
                capacity,
                time,
                killers,
                suspects,
                restartMs: 200,
                onChange: () => scheduler.refresh(),
              }),
          );
          const scheduler: Scheduler = new Scheduler(
            { ...OPTIONS, ticketReserve: 0.25, maxRequestWaitMs: 1e9, maxRestartWaitMs: 1e9 },
            { executors, timing: time },
          );
          const outcomes: Promise<Outcome>[] = [];
          let atMs = 0;
          arrivals.forEach(({ ticket, afterMs, tokens }, n) => {
            atMs += afterMs;
            time.after(atMs, () => {
              const lane: Lane = ticket
                ? { kind: 'ticket', deadlineMs: time.nowMs + 300 }
                : { kind: 'request' };
              outcomes.push(follow(scheduler, time, `j${n}`, lane, tokens));
            });
          });
          await time.run();
          const ended = await Promise.all(outcomes);
          const isRight = ({ id, code }: Outcome): boolean =>
            killers.has(id) ? code === 'job_killed_worker' : code === undefined;
          return (
            ended.length === arrivals.length &&
            ended.every(isRight) &&
            executors.every(({ sharedWithSuspect }) => sharedWithSuspect === 0) &&
            scheduler.status().suspects === 0 &&
            scheduler.status().running === 0 &&
            time.pending === 0
          );
        },
      ),
      { numRuns: 60 },
    );
    t.pass();
  },
);

t.test('under ten times the requests that a node can serve, no ticket is late', async (t) => {
  const time = new VirtualTime();
  const executor = new SimulatedExecutor({ capacity: 8, time, msPerToken: 5 });
  const scheduler = new Scheduler(
    { ...OPTIONS, maxQueuedRequests: 256, ticketReserve: 0.25 },
    { executors: [executor], timing: time },
  );
  const outcomes: Promise<Outcome>[] = [];
  let mostWaiting = 0;
  // A job takes 500 ms, so the node serves 16 a second: 160 requests and 8 tickets a second come for 30 s.
  for (let n = 0; n < 4800; n++) {
    time.after(n * 6.25, () => outcomes.push(follow(scheduler, time, `r${n}`, { kind: 'request' }, 100)));
  }
  for (let n = 0; n < 240; n++) {
    time.after(n * 125, () => {
      const deadlineMs = time.nowMs + 1100;
      outcomes.push(follow(scheduler, time, `t${n}`, { kind: 'ticket', deadlineMs }, 100));
      // In the first second nothing has been measured yet.
      if (n >= 8) mostWaiting = Math.max(mostWaiting, scheduler.status().waiting);
    });
  }
  await time.run();
  const ended = await Promise.all(outcomes);
  const tickets = ended.filter(({ isTicket }) => isTicket);
  const requests = ended.filter(({ isTicket }) => !isTicket);
  t.equal(
    tickets.filter(({ code, endedAt, deadlineMs }) => code !== undefined || endedAt > deadlineMs).length,
    0,
  );
  t.equal(scheduler.status().lateTickets, 0);
  t.ok(requests.every(({ startedAt, endedAt, submittedAt }) => (startedAt ?? endedAt) - submittedAt <= 500));
  const served = requests.filter(({ code }) => code === undefined).length;
  t.ok(served >= 200, `requests have what tickets leave: ${served}`);
  t.ok(mostWaiting <= 20, `the queue stays short: ${mostWaiting}`);
});
