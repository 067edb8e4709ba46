import { rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import t from 'tap';
import type { DeviceState } from '#src/workers/index.js';
import {
  chat,
  gone,
  isAlive,
  misbehaving,
  params,
  QUICK,
  TINY,
  TinyDevice,
} from '../fixtures/tiny-device.js';

const PERU = params(chat('What is the capital of Peru?'));

t.test('a device that dies time and again is quarantined, and nothing is left of it', async (t) => {
  const lines: Record<string, unknown>[] = [];
  const log = new Writable({
    write: (line, _encoding, done) => {
      lines.push(JSON.parse(String(line)));
      done();
    },
  });
  const device = await TinyDevice.started(t, {
    options: { ...QUICK, quarantineDeaths: 3, script: misbehaving('exits-mid-job') },
    logger: pino(log),
  });
  let state: DeviceState = 'ready';
  for (let death = 1; death <= 3; death++) {
    await device.reaches('ready');
    await t.rejects(
      device.ask(PERU).catch((error: unknown) => {
        state = device.state;
        throw error;
      }),
      { code: 'device_died' },
    );
    t.equal(state, death < 3 ? 'restarting' : 'quarantined');
  }
  t.equal(device.restarts, 2);
  t.equal(device.serves('tiny'), false);
  t.equal(device.capacity('tiny'), 0);
  await t.rejects(device.ask(PERU), { code: 'device_died', message: /quarantined/ });
  await gone(device.process);
  t.match(lines.at(-1), {
    level: 50,
    device: 'cpu',
    msg: /cpu is quarantined: it died 3 times.*exited with code 7.*start the node/,
  });
  await device.stop();
  t.equal(device.state, 'stopped');
});

t.test('a load that fails after a death counts as a death', async (t) => {
  const file = join(t.testdir({}), 'model.gguf');
  await symlink(TINY, file);
  const device = await TinyDevice.started(t, { options: { ...QUICK, quarantineDeaths: 3 }, pool: { file } });
  await rm(file);
  process.kill(device.process, 'SIGKILL');
  await device.reaches('quarantined');
  t.equal(device.restarts, 2);
  t.match(device.lastFault, /model\.gguf does not exist/);
  t.notOk(await isAlive(device.process));
});

t.test('a good run between deaths makes them single ones', async (t) => {
  const device = await TinyDevice.started(t, {
    options: { ...QUICK, quarantineDeaths: 2, goodRunMs: 0, script: misbehaving('exits-mid-job') },
  });
  for (let death = 1; death <= 4; death++) {
    await t.rejects(device.ask(PERU), { code: 'device_died' });
    await device.reaches('ready');
    t.equal(device.restarts, death);
  }
});

t.test('a process that cannot even start is told of at the start', async (t) => {
  const device = TinyDevice.create(t, { options: { ...QUICK, script: misbehaving('exits-at-once') } });
  await t.rejects(device.begin(), { code: 'device_died', message: /exited with code 3/ });
  t.equal(device.state, 'quarantined');
  t.equal(device.serves('tiny'), false);
  t.strictSame(device.models, []);
});
