import t from 'tap';
import type { DeviceOptions } from '#src/workers/index.js';
import {
  chat,
  ENDLESS,
  gone,
  isAlive,
  misbehaving,
  params,
  QUICK,
  TinyDevice,
} from '../fixtures/tiny-device.js';

const PERU = params(chat('What is the capital of Peru?'));

/** Short, but with room for a machine on which other tests run. */
const LIMITS: Partial<DeviceOptions> = {
  ...QUICK,
  heartbeatIntervalMs: 20,
  heartbeatLimitMs: 600,
  workerLimitMs: 600,
  progressLimitMs: 600,
};
const shared = TinyDevice.started(t, { options: LIMITS });

t.test('a stopped process (SIGSTOP) is found by its missing heartbeat', async (t) => {
  const device = await shared;
  const pid = device.process;
  let stoppedAt = 0;
  await t.rejects(
    device.ask(params('Once upon a time', ENDLESS), {
      onFirst: () => {
        stoppedAt = performance.now();
        process.kill(pid, 'SIGSTOP');
      },
    }),
    { code: 'device_died', fields: { device: 'cpu' }, message: /no heartbeat for 600 ms/ },
  );
  t.ok(performance.now() - stoppedAt < 2000, 'about as soon as the limit says');
  await device.reaches('ready');
  t.notOk(await isAlive(pid), 'nothing is left of it');
  t.equal((await device.ask(PERU)).completion.text, 'The capital of Peru is Lima.');
});

t.test('a worker whose event loop stands still in a native call is found', async (t) => {
  const device = await shared;
  // Tokenizing is synchronous: 20 MB keep the worker busy for seconds.
  await t.rejects(device.ask(params('word '.repeat(4_000_000))), {
    code: 'device_died',
    message: /event loop of a worker of tiny stood still for 600 ms/,
  });
  await device.reaches('ready');
  t.equal((await device.ask(PERU)).completion.text, 'The capital of Peru is Lima.');
});

t.test('a real engine at work passes for alive', async (t) => {
  const device = await shared;
  const { restarts } = device;
  const story = params('Once upon a time', ENDLESS);
  await Promise.all([device.ask(story), device.ask(story), device.ask(story), device.ask(story)]);
  t.equal(device.restarts, restarts);
  t.equal(device.state, 'ready');
});

t.test('a node that stood still itself does not blame the device', async (t) => {
  const device = await shared;
  const { restarts } = device;
  // As Ctrl-Z does, or a machine put to sleep: longer than the limit, with no look at any heartbeat.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
  t.equal((await device.ask(PERU)).completion.text, 'The capital of Peru is Lima.');
  t.equal(device.restarts, restarts);
});

const HANGS: Record<string, { readonly options: Partial<DeviceOptions>; readonly how: RegExp }> = {
  'no-heartbeat': { options: {}, how: /no heartbeat for 600 ms/ },
  'stuck-worker': { options: { workerLimitMs: 200 }, how: /event loop of a worker of tiny/ },
  'stuck-decode': {
    options: { progressLimitMs: 200 },
    how: /a worker of tiny with 1 jobs evaluated nothing for 200 ms/,
  },
  'blocks-its-thread': { options: {}, how: /no heartbeat for 600 ms/ },
};

for (const [name, { options, how }] of Object.entries(HANGS)) {
  t.test(`a device process with the fault "${name.replaceAll('-', ' ')}"`, async (t) => {
    const device = await TinyDevice.started(t, {
      options: { ...LIMITS, ...options, script: misbehaving(name) },
    });
    const pid = device.process;
    await t.rejects(device.ask(PERU), { code: 'device_died', message: how });
    t.match(device.lastFault, how);
    await device.reaches('ready');
    t.notOk(await isAlive(pid), 'nothing is left of it');
  });
}

t.test('slow is not stuck: a batch now and then is progress', async (t) => {
  const device = await TinyDevice.started(t, {
    options: { ...LIMITS, progressLimitMs: 200, script: misbehaving('slow-but-alive') },
  });
  t.equal((await device.ask(PERU)).completion.text, 'slow');
  t.equal(device.restarts, 0);
});

t.test('a load that makes no progress ends', async (t) => {
  const device = TinyDevice.create(t, {
    options: { ...QUICK, heartbeatIntervalMs: 20, loadLimitMs: 300, script: misbehaving('never-ready') },
  });
  await t.rejects(device.begin(), { code: 'device_died', message: /no progress in loading/ });
  t.equal(device.state, 'quarantined');
  await gone(device.process);
});
