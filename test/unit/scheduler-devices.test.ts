import t from 'tap';
import { AtomaError } from '#src/core/index.js';
import { type Lane, Scheduler } from '#src/scheduler/index.js';
import {
  code,
  jobOf,
  MODEL,
  OPTIONS,
  plain,
  REQUEST,
  rig,
  SimulatedExecutor,
  settled,
  VirtualTime,
} from './scheduler-simulation.js';

t.test('a model that nobody has, and one whose devices were given up', async (t) => {
  const { time, executor, scheduler, submit, ticket } = rig(1);
  scheduler.serve(MODEL);
  const unknown = scheduler.submit(jobOf('a', 1, 'other'), REQUEST, plain());
  await t.rejects(unknown, { code: 'unknown_model', message: /other/ });
  const waiting = [submit('run', ticket(1e6)), submit('t', ticket(1e6)), submit('r', REQUEST)].map(code);
  executor.die();
  await settled();
  t.strictSame(await Promise.all(waiting), ['no_device', 'no_device', 'not_ready']);
  t.equal(await code(submit('t2', ticket(1e6))), 'no_device');
  await t.rejects(submit('r2', REQUEST), { code: 'not_ready', message: /quarantined/ });
  t.equal(time.pending, 0);
});

t.test('jobs wait for a device that is on its way back, and are told that they start anew', async (t) => {
  const { time, executor, scheduler } = rig(1, {}, { restartMs: 3000 });
  const told: string[] = [];
  const submit = (id: string, lane: Lane) =>
    scheduler.submit(jobOf(id, 100), lane, {
      ...plain(),
      onStart: () => told.push(`${id} starts`),
      onRestart: () => told.push(`${id} restarts`),
    });
  const deadlineMs = time.nowMs + 1e6;
  const all = [submit('r', REQUEST), submit('t', { kind: 'ticket', deadlineMs })];
  executor.die();
  t.equal(scheduler.status().capacity, 0);
  await time.run();
  const [request] = await Promise.all(all);
  t.strictSame(told, ['r starts', 'r restarts', 't starts']);
  t.match(request, { queuedMs: 3100 }, 'it waited for the device, and for the ticket before it');
});

t.test('a job that kills its device twice fails, its neighbours run alone once and end well', async (t) => {
  const time = new VirtualTime();
  const suspects = new Set<string>();
  const executors = ['one', 'two'].map(
    (id) =>
      new SimulatedExecutor({
        id,
        capacity: 3,
        time,
        killers: new Set(['killer']),
        suspects,
        restartMs: 1000,
        onChange: () => scheduler.refresh(),
      }),
  );
  const scheduler: Scheduler = new Scheduler(
    { ...OPTIONS, maxRequestWaitMs: 10_000 },
    { executors, timing: time },
  );
  const ids = ['a', 'b', 'killer', 'c', 'd', 'e', 'f', 'g'];
  const all = ids.map((id) =>
    scheduler.submit(jobOf(id, 100), { kind: 'ticket', deadlineMs: time.nowMs + 1e6 }, plain()),
  );
  const ends = Promise.all(all.map(code));
  await time.run();
  t.match(
    await ends,
    ids.map((id) => (id === 'killer' ? 'job_killed_worker' : 'done')),
  );
  t.equal(
    executors.reduce((sum, { deaths }) => sum + deaths, 0),
    2,
  );
  t.equal(
    executors.reduce((sum, { sharedWithSuspect }) => sum + sharedWithSuspect, 0),
    0,
  );
  t.match(scheduler.status(), { waiting: 0, suspects: 0, running: 0, capacity: 6 });
});

t.test(
  'a busy device is drained for a suspect whose own is gone, although new jobs keep coming',
  async (t) => {
    for (const kind of ['ticket', 'request'] as const) {
      const time = new VirtualTime();
      const one = new SimulatedExecutor({
        id: 'one',
        capacity: 1,
        time,
        onChange: () => scheduler.refresh(),
      });
      const two = new SimulatedExecutor({ id: 'two', capacity: 3, time });
      const scheduler: Scheduler = new Scheduler(
        { ...OPTIONS, maxRequestWaitMs: 1e6, maxRestartWaitMs: 1e6 },
        { executors: [one, two], timing: time },
      );
      const submit = (id: string, tokens: number) =>
        scheduler.submit(
          jobOf(id, tokens),
          kind === 'request' ? REQUEST : { kind, deadlineMs: time.nowMs + 500 },
          plain(),
        );
      // Two jobs go to the roomier device, then both have room for one, and the first of them gets the third.
      const others = [submit('a', 50), submit('b', 51)];
      let isOver = false;
      const suspect = submit('suspect', 100).finally(() => {
        isOver = true;
      });
      others.push(submit('c', 52));
      t.strictSame([...one.running.keys()], ['suspect']);
      one.die();
      await settled();
      let steps = 0;
      for (; steps < 100 && !isOver; steps++) {
        others.push(submit(`x${steps}`, 30 + (steps % 7)), submit(`y${steps}`, 30));
        await time.step();
      }
      t.ok(isOver, `${kind} after ${steps} steps`);
      await suspect;
      await time.run();
      await Promise.all(others);
    }
  },
);

t.test('a cancelled suspect gives its executor back to the others', async (t) => {
  const { time, executor, submit } = rig(2, { maxRequestWaitMs: 1e6 }, { restartMs: 100 });
  const abort = new AbortController();
  const suspect = code(submit('suspect', REQUEST, 100, abort.signal));
  executor.die();
  await time.step();
  t.strictSame([...executor.running.keys()], ['suspect']);
  const neighbour = submit('neighbour', REQUEST, 100);
  t.equal(executor.running.size, 1, 'alone');
  abort.abort();
  await settled();
  t.strictSame([...executor.running.keys()], ['neighbour']);
  await time.run();
  t.equal(await suspect, 'cancelled');
  await neighbour;
});

t.test('a job whose start or restart cannot be written down fails so, and frees its place', async (t) => {
  const { time, executor, scheduler, submit } = rig(1, {}, { restartMs: 100 });
  const fail = (): never => {
    throw new AtomaError('journal_fault', 'disk full');
  };
  await t.rejects(scheduler.submit(jobOf('a'), REQUEST, { ...plain(), onStart: fail }), {
    code: 'journal_fault',
  });
  const restarted = scheduler.submit(jobOf('b'), REQUEST, { ...plain(), onRestart: fail });
  executor.die();
  await t.rejects(restarted, { code: 'journal_fault' });
  const next = submit('c', REQUEST);
  await time.run();
  await next;
  t.match(scheduler.status(), { waiting: 0, running: 0 });
});
