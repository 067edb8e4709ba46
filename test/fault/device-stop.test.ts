import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { ENDLESS, isAlive, misbehaving, params, QUICK, TinyDevice } from '../fixtures/tiny-device.js';

/** Far less than the back-offs and loads that it must not wait for. */
const PROMPT_MS = 2000;

const promptly = async (stopping: Promise<void>): Promise<boolean> => {
  const startedAt = performance.now();
  await stopping;
  return performance.now() - startedAt < PROMPT_MS;
};

t.test('stop while jobs run rejects them and leaves no process', async (t) => {
  const device = await TinyDevice.started(t);
  let stopping: Promise<void> | undefined;
  await t.rejects(
    device.ask(params('Once upon a time', ENDLESS), {
      onFirst: () => {
        stopping = device.stop();
      },
    }),
    { code: 'device_died', message: /was stopped/ },
  );
  await stopping;
  t.equal(device.state, 'stopped');
  t.equal(device.serves('tiny'), false);
  t.equal(device.lastFault, undefined, 'to be stopped is no fault');
  t.notOk(await isAlive(device.process));
});

t.test('stop during the first load', async (t) => {
  const device = TinyDevice.create(t);
  let stopping: Promise<void> | undefined;
  const loading = device.begin(() => {
    stopping ??= device.stop();
  });
  await t.rejects(loading, { code: 'device_died', message: /was stopped/ });
  t.ok(stopping !== undefined && (await promptly(stopping)));
  t.equal(device.state, 'stopped');
  t.notOk(await isAlive(device.process));
});

t.test('stop during a load that hangs', async (t) => {
  const device = TinyDevice.create(t, { options: { script: misbehaving('never-ready') } });
  const loading = t.rejects(device.begin(), { code: 'device_died' });
  t.ok(await promptly(device.stop()));
  await loading;
  t.notOk(await isAlive(device.process));
});

t.test('stop during back-off', async (t) => {
  const device = await TinyDevice.started(t, {
    options: { firstBackoffMs: 60_000, maxBackoffMs: 60_000, script: misbehaving('exits-mid-job') },
  });
  const pid = device.process;
  process.kill(pid, 'SIGKILL');
  await device.reaches('restarting');
  t.ok(await promptly(device.stop()));
  t.equal(device.state, 'stopped');
  t.equal(device.process, pid, 'no other was started');
  t.notOk(await isAlive(pid));
});

t.test('stop during the load after a death', async (t) => {
  const device = await TinyDevice.started(t, { options: QUICK });
  const pid = device.process;
  process.kill(pid, 'SIGKILL');
  while (device.process === pid) await sleep(1);
  t.equal(device.state, 'restarting');
  t.ok(await promptly(device.stop()));
  t.equal(device.state, 'stopped');
  t.notOk(await isAlive(device.process));
});

t.test('a device that was stopped can be started again', async (t) => {
  const device = await TinyDevice.started(t, { options: { script: misbehaving('exits-mid-job') } });
  await device.stop();
  await device.begin();
  t.equal(device.capacity('tiny'), 4);
});
