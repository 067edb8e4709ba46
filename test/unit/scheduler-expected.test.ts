import t from 'tap';
import {
  code,
  jobOf,
  MODEL,
  plain,
  REQUEST,
  rig,
  SimulatedExecutor,
  settled,
} from './scheduler-simulation.js';

t.test('tickets wait for a model that is on its way, requests do not', async (t) => {
  const { time, scheduler, ticket } = rig(1);
  scheduler.expect('new');
  const submit = (id: string, lane: typeof REQUEST) => scheduler.submit(jobOf(id, 1, 'new'), lane, plain());
  const waiting = submit('a', ticket(1e6));
  await t.rejects(submit('b', REQUEST), { code: 'not_ready', message: /still being loaded/ });
  await settled();
  t.match(scheduler.status(), { waitingTickets: 1 });
  scheduler.addExecutor(new SimulatedExecutor({ id: 'second', capacity: 1, time, model: 'new' }));
  scheduler.serve('new', 100);
  scheduler.refresh();
  await time.run();
  t.match(await waiting, { completion: { tokens: [1] } });
});

t.test('a model that does not come hands its tickets back, and keeps nobody waiting', async (t) => {
  const { scheduler, ticket } = rig(1);
  scheduler.expect('new');
  const submit = (lane: typeof REQUEST) => scheduler.submit(jobOf('a', 1, 'new'), lane, plain());
  const waiting = code(submit(ticket(1e6)));
  scheduler.disappoint('new');
  t.equal(await waiting, 'no_device');
  t.equal(await code(submit(ticket(1e6))), 'no_device');
  t.equal(await code(submit(REQUEST)), 'not_ready');
});

t.test('tickets of other models go on meanwhile', async (t) => {
  const { time, scheduler, submit, ticket } = rig(1);
  scheduler.expect('new');
  const waiting = scheduler.submit(jobOf('a', 1, 'new'), ticket(1), plain());
  const other = submit('b', ticket(1e6));
  await time.run();
  t.match(await other, { completion: { tokens: [1] } }, MODEL);
  scheduler.forget('new');
  t.equal(await code(waiting), 'unknown_model');
});
