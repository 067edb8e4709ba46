import { getEventListeners } from 'node:events';
import t from 'tap';
import { Scheduler } from '#src/scheduler/index.js';
import {
  code,
  jobOf,
  OPTIONS,
  plain,
  REQUEST,
  rig,
  SimulatedExecutor,
  VirtualTime,
} from './scheduler-simulation.js';

t.test('tickets go before requests, the earliest deadline first', async (t) => {
  const { time, executor, submit, ticket } = rig(1, { maxRequestWaitMs: 10_000 });
  const all = [
    submit('first', REQUEST),
    submit('request', REQUEST),
    submit('late', ticket(2000)),
    submit('soon', ticket(1000)),
    submit('soon too', ticket(1000)),
  ];
  await time.run();
  await Promise.all(all);
  t.strictSame(executor.started, ['first', 'soon', 'soon too', 'late', 'request']);
});

t.test(
  'a ticket that cannot make it any more goes after those that can, before requests, and is counted',
  async (t) => {
    const { time, executor, scheduler, submit, ticket, measure } = rig(1, { maxRequestWaitMs: 10_000 });
    await measure();
    const all = [
      submit('running', ticket(1000)),
      submit('request', REQUEST),
      submit('hopeless', ticket(150)),
      submit('feasible', ticket(210)),
    ];
    t.equal(scheduler.status().waitingTickets, 2);
    await time.run();
    await Promise.all(all);
    t.strictSame(executor.started, ['running', 'feasible', 'hopeless', 'request']);
    t.equal(scheduler.status().lateTickets, 1);
  },
);

t.test('a ticket called late too early comes back when the model turns out faster', async (t) => {
  const time = new VirtualTime();
  const speed = { msPerToken: 10 };
  const executor = new SimulatedExecutor({
    capacity: 1,
    time,
    get msPerToken() {
      return speed.msPerToken;
    },
  });
  const scheduler = new Scheduler(OPTIONS, { executors: [executor], timing: time });
  const submit = (id: string, inMs: number, tokens: number) =>
    scheduler.submit(jobOf(id, tokens), { kind: 'ticket', deadlineMs: time.nowMs + inMs }, plain());
  const slow = submit('slow', 1e6, 100);
  await time.run();
  await slow;
  speed.msPerToken = 0.01;
  const all = [submit('fast', 1e6, 1000), submit('called late', 5000, 1000)];
  const third = submit('third', 1e6, 1000);
  await time.run();
  await Promise.all([...all, third]);
  t.strictSame(executor.started.slice(1), ['fast', 'called late', 'third']);
});

t.test('a full queue refuses and says when to come back', async (t) => {
  const { time, submit, ticket } = rig(1, {
    maxQueuedRequests: 4,
    maxQueuedTickets: 2,
    maxRequestWaitMs: 10_000,
  });
  const all = Array.from({ length: 5 }, (_, n) => submit(`r${n}`, REQUEST));
  const refusal = await submit('r5', REQUEST).catch((error: unknown) => error);
  t.match(refusal, {
    code: 'busy',
    message: /4 requests wait.*retry in 1 s/,
    fields: { retryAfterMs: 1000 },
  });
  all.push(submit('t0', ticket(1e6)), submit('t1', ticket(1e6)));
  t.equal(await code(submit('t2', ticket(1e6))), 'busy');
  await time.run();
  await Promise.all(all);
});

t.test(
  'a request whose turn would not come in time is refused at once, with the time to come back',
  async (t) => {
    const { time, submit, ticket, measure } = rig(2);
    await measure();
    const all = [submit('a', REQUEST, 400), submit('b', REQUEST, 600), submit('c', REQUEST, 3000)];
    // The first sequence is free in 400 ms for 'c', the other in 600 ms.
    const refusal = await submit('d', REQUEST, 1).catch((error: unknown) => error);
    t.match(refusal, { code: 'busy', message: /retry in 2 s/ });
    await time.run();
    await Promise.all(all);
    const tickets = [
      submit('t0', ticket(1e6), 400),
      submit('t1', ticket(1e6), 400),
      submit('t2', ticket(1e6), 400),
    ];
    t.equal(await code(submit('e', REQUEST)), 'busy', 'tickets that wait count');
    await time.run();
    await Promise.all(tickets);
  },
);

t.test('a request that has waited its time is refused then', async (t) => {
  const { time, scheduler, submit } = rig(1);
  const first = submit('a', REQUEST, 2000);
  const startedAt = time.nowMs;
  const second = submit('b', REQUEST);
  const refused = code(second).then((result) => [result, time.nowMs - startedAt]);
  await time.run();
  t.strictSame(await refused, ['busy', 500]);
  t.match(await first, { queuedMs: 0 });
  t.equal(time.pending, 0);
  t.match(scheduler.status(), { waiting: 0, running: 0 });
});

t.test('requests leave the reserve to tickets', async (t) => {
  for (const [capacity, ticketReserve, open] of [
    [8, 0.25, 6],
    [5, 0.25, 3],
    [4, 1, 1],
    [2, 0.25, 1],
    [1, 0.25, 1],
    [4, 0, 4],
  ] as const) {
    const { time, executor, submit, ticket } = rig(capacity, { ticketReserve, maxRequestWaitMs: 10_000 });
    const all = Array.from({ length: capacity + 1 }, (_, n) => submit(`r${n}`, REQUEST));
    t.equal(executor.running.size, open, `${open} of ${capacity}`);
    all.push(...Array.from({ length: capacity - open }, (_, n) => submit(`t${n}`, ticket(1e6))));
    t.equal(executor.running.size, capacity, 'tickets have the others at once');
    await time.run();
    await Promise.all(all);
  }
});

t.test('a job that is cancelled while it waits never starts', async (t) => {
  const { time, executor, submit, ticket } = rig(1);
  const first = submit('a', REQUEST);
  const abort = new AbortController();
  const second = submit('b', REQUEST, 100, abort.signal);
  const third = submit('c', ticket(1e6), 100, abort.signal);
  abort.abort();
  await t.rejects(second, { code: 'cancelled' });
  await t.rejects(third, { code: 'cancelled' });
  await time.run();
  await first;
  t.strictSame(executor.started, ['a']);
});

t.test('no listener and no timer outlives its job', async (t) => {
  const { time, submit, ticket } = rig(1, { maxRequestWaitMs: 10_000 });
  const abort = new AbortController();
  const all = [1, 2, 3].flatMap((n) => [
    submit(`r${n}`, REQUEST, 10, abort.signal),
    submit(`t${n}`, ticket(1e6), 10, abort.signal),
  ]);
  await time.run();
  await Promise.all(all);
  t.equal(time.pending, 0);
  // The simulated device leaves one listener for each job it ran, the scheduler none.
  t.equal(getEventListeners(abort.signal, 'abort').length, all.length);
});

t.test('after stop what runs goes on, and nothing else is started', async (t) => {
  const { time, executor, scheduler, submit, ticket } = rig(2);
  const [first, second] = [submit('a', ticket(1e6), 100), submit('b', ticket(1e6), 200)];
  const waiting = code(submit('c', ticket(1e6)));
  scheduler.stop();
  t.equal(await waiting, 'not_ready');
  t.equal(await code(submit('d', REQUEST)), 'not_ready');
  await time.step();
  await first;
  executor.die();
  await t.rejects(second, { code: 'device_died' });
});

t.test('ten thousand tickets are queued and drained fast', async (t) => {
  const before = process.cpuUsage();
  const executor = {
    id: 'instant',
    capacity: () => 64,
    serves: () => true,
    run: async () => ({
      text: '',
      tokens: [1, 2],
      inputTokens: 1,
      promptTokens: [1],
      profile: 'p',
      finishReason: 'length' as const,
      timings: { prefillMs: 1, decodeMs: 1 },
    }),
  };
  const scheduler = new Scheduler({ ...OPTIONS, maxQueuedTickets: 10_000 }, { executors: [executor] });
  const { signal } = new AbortController();
  const now = Date.now();
  const all = Array.from({ length: 10_000 }, (_, n) =>
    scheduler.submit(
      jobOf(`t${n}`),
      { kind: 'ticket', deadlineMs: now + ((n * 7919) % 10_007) - 5000 },
      { signal, onTokens: () => undefined },
    ),
  );
  await Promise.all(all);
  // Other processes do not count.
  const ms = process.cpuUsage(before).user / 1000;
  t.comment(`${Math.round(ms)} ms`);
  // Far above what it takes, far below what anything quadratic would.
  t.ok(ms < 2000, `${ms} ms`);
});
