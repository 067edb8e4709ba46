import { rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { DeviceOptions } from '#src/workers/index.js';
import {
  chat,
  gone,
  isAlive,
  misbehaving,
  modelSpec,
  params,
  QUICK,
  TINY,
  TinyDevice,
} from '../fixtures/tiny-device.js';

const PERU = params(chat('What is the capital of Peru?'));

/** A started device without a model, whose process has no engine. */
function standIn(t: Test, options: Partial<DeviceOptions> = {}): TinyDevice {
  const script = misbehaving('many-models');
  const device = TinyDevice.create(t, { options: { ...QUICK, script, heartbeatIntervalMs: 20, ...options } });
  device.startEmpty();
  return device;
}

const load = (device: TinyDevice, name: string, file = TINY) =>
  device.load(modelSpec({ file }, name), () => undefined);
const names = (device: TinyDevice) => device.models.map(({ name }) => name);

t.test('loads come one after another, and one that fails leaves the others alone', async (t) => {
  const device = standIn(t);
  const ends = await Promise.allSettled([
    load(device, 'a'),
    load(device, 'garbage', '/no/such/file'),
    load(device, 'b'),
  ]);
  t.match(ends, [
    { value: { name: 'a' } },
    { reason: { code: 'model_load_failed' } },
    { value: { name: 'b' } },
  ]);
  t.strictSame(names(device), ['a', 'b']);
  t.strictSame(device.failures, [], 'who asked for it was told');
  t.equal(device.restarts, 0);
});

t.test('a model that kills the process as it loads is given up, and the others come back', async (t) => {
  const device = standIn(t);
  await load(device, 'good');
  await t.rejects(load(device, 'killer'), { code: 'model_load_failed', message: /SIGABRT.*2\. time/ });
  await device.reaches('ready');
  t.equal(device.restarts, 2);
  t.strictSame(names(device), ['good']);
  t.equal(device.capacity('good'), 4);
  await load(device, 'other');
  t.equal(device.restarts, 2);
});

t.test('a model that does not load again after a death is lost, the others serve', async (t) => {
  const file = join(t.testdir({}), 'model.gguf');
  await symlink(TINY, file);
  const device = standIn(t);
  await Promise.all([load(device, 'fragile', file), load(device, 'good')]);
  await rm(file);
  process.kill(device.process, 'SIGKILL');
  await device.reaches('restarting');
  await device.reaches('ready');
  t.strictSame(names(device), ['good']);
  t.equal(device.serves('fragile'), false);
  t.match(device.failures, [{ name: 'fragile', error: { code: 'model_load_failed', message: /fragile/ } }]);
  await symlink(TINY, file);
  await load(device, 'fragile', file);
  t.strictSame(device.failures, [], 'it has another try');
  t.strictSame(names(device), ['good', 'fragile']);
});

t.test('unload while the device restarts: it does not come back with it', async (t) => {
  const device = standIn(t, { firstBackoffMs: 200, maxBackoffMs: 200 });
  await Promise.all([load(device, 'a'), load(device, 'b')]);
  process.kill(device.process, 'SIGKILL');
  await device.reaches('restarting');
  await device.unload('a');
  t.strictSame(names(device), ['b']);
  await device.reaches('ready');
  t.strictSame(names(device), ['b']);
  t.equal(device.capacity('b'), 4);
});

t.test('a model that is unloaded before it is there', async (t) => {
  const device = standIn(t);
  await load(device, 'good');
  const waiting = [load(device, 'hangs'), load(device, 'next')];
  const ends = Promise.allSettled(waiting);
  await device.unload('next');
  const stopped = device.stop();
  t.match(await ends, [{ reason: { code: 'device_died' } }, { reason: { code: 'cancelled' } }]);
  await stopped;
});

t.test('a load that hangs is found while others serve, and given up', async (t) => {
  const device = standIn(t, { loadLimitMs: 300 });
  await load(device, 'good');
  const hanging = t.rejects(load(device, 'hangs'), {
    code: 'model_load_failed',
    message: /no progress in loading hangs/,
  });
  t.equal(device.capacity('good'), 4, 'it serves meanwhile');
  t.equal((await device.ask({ ...PERU, model: 'good' })).completion.text, '');
  await hanging;
  await device.reaches('ready');
  t.strictSame(names(device), ['good']);
});

t.test(
  'a process that hangs in a load is found by its heartbeats, long before the load is due',
  async (t) => {
    const device = standIn(t, { heartbeatLimitMs: 600, loadLimitMs: 60_000 });
    await load(device, 'good');
    const loading = load(device, 'hangs').catch((error: unknown) => error);
    const pid = device.process;
    process.kill(pid, 'SIGSTOP');
    await device.reaches('restarting');
    t.match(device.lastFault, /no heartbeat for 600 ms/);
    await gone(pid);
    await device.until(() => device.capacity('good') === 4);
    t.ok(await isAlive(device.process));
    await device.stop();
    t.match(await loading, { code: 'device_died', message: /was stopped/ });
  },
);
