import * as fc from 'fast-check';
import t from 'tap';
import { Scheduler } from '#src/scheduler/index.js';
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

t.test('an executor that comes takes jobs that wait', async (t) => {
  const { time, scheduler, submit, ticket } = rig(1);
  const all = [submit('a', ticket(1e6)), submit('b', ticket(1e6))];
  const second = new SimulatedExecutor({ id: 'second', capacity: 1, time });
  scheduler.addExecutor(second);
  t.strictSame([...second.running.keys()], ['b']);
  t.equal(scheduler.status().capacity, 2);
  scheduler.addExecutor(second);
  t.equal(scheduler.status().capacity, 2, 'it counts once');
  await time.run();
  await Promise.all(all);
});

t.test('an executor that goes keeps the jobs it has, and gets no others', async (t) => {
  const { time, executor, scheduler, submit, ticket } = rig(2);
  const running = submit('a', ticket(1e6));
  const second = new SimulatedExecutor({ id: 'second', capacity: 1, time });
  scheduler.addExecutor(second);
  scheduler.removeExecutor(executor);
  const other = submit('b', ticket(1e6));
  t.strictSame([...executor.running.keys()], ['a']);
  t.strictSame([...second.running.keys()], ['b']);
  await time.run();
  await Promise.all([running, other]);
  t.match(scheduler.status(), { running: 0, capacity: 1 });
});

t.test('a model comes while the scheduler runs', async (t) => {
  const { time, scheduler } = rig(1);
  const submit = () => scheduler.submit(jobOf('a', 1, 'new'), REQUEST, plain());
  await t.rejects(submit(), { code: 'unknown_model' });
  scheduler.addExecutor(new SimulatedExecutor({ id: 'second', capacity: 1, time, model: 'new' }));
  scheduler.serve('new', 100);
  const answer = submit();
  await time.run();
  t.match(await answer, { completion: { tokens: [1] } });
});

t.test('a forgotten model: who waits hears it at once, who runs may end', async (t) => {
  const { time, executor, scheduler, submit, ticket } = rig(1, { maxRequestWaitMs: 1e6 });
  const running = submit('run', ticket(1e6));
  const waiting = [submit('t', ticket(1e6)), submit('r', REQUEST)];
  scheduler.forget(MODEL);
  for (const job of waiting) await t.rejects(job, { code: 'unknown_model', message: /was unloaded/ });
  t.strictSame([...executor.running.keys()], ['run']);
  executor.quarantined = true;
  t.equal(await code(submit('later', ticket(1e6))), 'unknown_model');
  await time.run();
  await running;
  t.match(scheduler.status(), { waiting: 0, running: 0, capacity: 0 });
  scheduler.forget(MODEL);
  t.equal(time.pending, 0);
});

t.test('a job whose model is taken off its device runs on another one, or is told why not', async (t) => {
  const { time, executor, scheduler } = rig(1);
  const second = new SimulatedExecutor({ id: 'second', capacity: 1, time });
  let restarts = 0;
  const submit = (id: string) =>
    scheduler.submit(
      jobOf(id, 100),
      { kind: 'ticket', deadlineMs: time.nowMs + 1e6 },
      {
        ...plain(),
        onRestart: () => restarts++,
      },
    );
  const moved = submit('moved');
  scheduler.addExecutor(second);
  executor.unload();
  await settled();
  t.strictSame([...second.running.keys()], ['moved']);
  t.equal(restarts, 1);
  t.equal(scheduler.status().suspects, 0, 'nobody blames it');
  await time.run();
  await moved;
  const last = submit('last');
  scheduler.forget(MODEL);
  second.unload();
  await t.rejects(last, { code: 'unknown_model', message: /was unloaded/ });
  t.match(scheduler.status(), { waiting: 0, running: 0 });
});

t.test('a suspect of a forgotten model does not wait for ever', async (t) => {
  const { time, executor, scheduler, submit, ticket } = rig(1, {}, { restartMs: 1000 });
  const jobs = [submit('a', ticket(1e6)), submit('b', ticket(1e6))].map(code);
  scheduler.forget(MODEL);
  executor.die();
  t.strictSame(await Promise.all(jobs), ['unknown_model', 'unknown_model']);
  const { scheduler: other, executor: dying, submit: ask, ...rest } = rig(1, {}, { restartMs: 1000 });
  const suspect = code(ask('s', rest.ticket(1e6)));
  dying.die();
  await settled();
  t.equal(other.status().suspects, 1);
  other.forget(MODEL);
  t.equal(await suspect, 'unknown_model');
  await time.run();
  await rest.time.run();
});

t.test('whatever comes and goes: every job ends once, and none runs on what has gone', async (t) => {
  const step = fc.record({
    act: fc.constantFrom('job', 'job', 'job', 'add', 'unload', 'die'),
    afterMs: fc.nat(60),
    tokens: fc.integer({ min: 1, max: 80 }),
    isTicket: fc.boolean(),
    which: fc.nat(3),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 50 }), async (steps) => {
      const time = new VirtualTime();
      const scheduler: Scheduler = new Scheduler(OPTIONS, { executors: [], timing: time });
      const live: SimulatedExecutor[] = [];
      const gone: { readonly executor: SimulatedExecutor; readonly started: number }[] = [];
      const ends: Promise<unknown>[] = [];
      const acts = {
        add: () => {
          const onChange = (): void => scheduler.refresh();
          const executor = new SimulatedExecutor({ capacity: 2, time, restartMs: 50, onChange });
          live.push(executor);
          scheduler.addExecutor(executor);
          scheduler.serve(MODEL);
        },
        unload: (which: number) => {
          const [executor] = live.splice(which % Math.max(1, live.length), 1);
          if (executor === undefined) return;
          if (live.length === 0) scheduler.forget(MODEL);
          executor.unload();
          scheduler.removeExecutor(executor);
          gone.push({ executor, started: executor.started.length });
        },
        die: (which: number) => live[which % Math.max(1, live.length)]?.die(),
      };
      let atMs = 0;
      steps.forEach(({ act, afterMs, tokens, isTicket, which }, n) => {
        atMs += afterMs;
        time.after(atMs, () => {
          if (act !== 'job') return acts[act](which);
          const deadlineMs = time.nowMs + 1000;
          const lane = isTicket ? ({ kind: 'ticket', deadlineMs } as const) : REQUEST;
          ends.push(code(scheduler.submit(jobOf(String(n), tokens), lane, plain())));
        });
      });
      await time.run();
      const known = new Set(['done', 'busy', 'unknown_model', 'job_killed_worker']);
      const { waiting, running } = scheduler.status();
      return (
        (await Promise.all(ends)).every((end) => typeof end === 'string' && known.has(end)) &&
        gone.every(({ executor, started }) => executor.started.length === started) &&
        waiting === 0 &&
        running === 0 &&
        time.pending === 0
      );
    }),
    { numRuns: 100 },
  );
  t.pass();
});
