import { Writable } from 'node:stream';
import { pino } from 'pino';
import t from 'tap';
import { AtomaError } from '#src/core/index.js';
import { chat, ENDLESS, isAlive, misbehaving, params, QUICK, TinyDevice } from '../fixtures/tiny-device.js';

const PERU = params(chat('What is the capital of Peru?'));
const LIMA = 'The capital of Peru is Lima.';

const lines: Record<string, unknown>[] = [];
const log = new Writable({
  write: (line, _encoding, done) => {
    lines.push(JSON.parse(String(line)));
    done();
  },
});
/** Every run is a good one, so that no number of deaths is too many. */
const shared = TinyDevice.started(t, { options: { ...QUICK, goodRunMs: 0 }, logger: pino(log) });

t.test('a process killed under its jobs: they end at once, it comes back and answers', async (t) => {
  const device = await shared;
  const { models } = device;
  t.match(models, [{ name: 'tiny', workers: 1, sequencesPerWorker: 4 }]);
  const pid = device.process;
  let seen: Record<string, unknown> = {};
  const jobs = [1, 2, 3].map((n) =>
    t.rejects(
      device
        .ask(params('Once upon a time', ENDLESS), {
          onFirst: () => n === 1 && process.kill(pid, 'SIGKILL'),
        })
        .catch((error: unknown) => {
          const { state, restarts } = device;
          seen = { state, restarts, capacity: device.capacity('tiny'), serves: device.serves('tiny') };
          throw error;
        }),
      { code: 'device_died', fields: { device: 'cpu' }, message: /killed by SIGKILL/ },
    ),
  );
  await Promise.all(jobs);
  t.strictSame(seen, { state: 'restarting', restarts: 0, capacity: 0, serves: true });
  t.strictSame(device.models, models, 'it is known what it will serve again');
  await t.rejects(device.ask(PERU), { code: 'device_died', message: /restarting/ });
  await device.reaches('ready');
  t.equal(device.restarts, 1);
  t.match(device.lastFault, /killed by SIGKILL/);
  t.not(device.process, pid);
  t.equal(device.capacity('tiny'), 4);
  t.equal((await device.ask(PERU)).completion.text, LIMA);
  const [line, ...more] = lines.filter(({ level }) => Number(level) >= 50);
  t.strictSame(more, [], 'one line a death');
  t.match(line, {
    device: 'cpu',
    process: pid,
    signal: 'SIGKILL',
    jobs: 3,
    restartInMs: Number,
    msg: /dmesg/,
  });
});

for (const signal of ['SIGABRT', 'SIGSEGV'] as const) {
  t.test(`the engine's process dies of ${signal}`, async (t) => {
    const device = await shared;
    await t.rejects(
      device.ask(params('Once upon a time', ENDLESS), {
        onFirst: () => process.kill(device.process, signal),
      }),
      { code: 'device_died', message: new RegExp(`killed by ${signal}`) },
    );
    await device.reaches('ready');
    t.equal((await device.ask(PERU)).completion.text, LIMA);
  });
}

t.test('an idle process dies: nobody asks, it is back all the same', async (t) => {
  const device = await shared;
  process.kill(device.process, 'SIGKILL');
  await device.reaches('restarting');
  await device.reaches('ready');
  t.equal((await device.ask(PERU)).completion.text, LIMA);
});

t.test("a terminal's Ctrl-C and a service manager's SIGTERM are not for the device process", async (t) => {
  const device = await shared;
  const { restarts } = device;
  process.kill(device.process, 'SIGINT');
  process.kill(device.process, 'SIGTERM');
  t.equal((await device.ask(PERU)).completion.text, LIMA);
  t.equal(device.restarts, restarts);
});

const WAYS = {
  'aborts-mid-job': /killed by SIGABRT/,
  'exits-mid-job': /exited with code 7/,
  'closes-its-channel': /closed its channel/,
  'loses-a-thread': /lost a worker thread: out of memory/,
};

for (const [name, how] of Object.entries(WAYS)) {
  t.test(`a device process that ${name.replaceAll('-', ' ')}`, async (t) => {
    const device = await TinyDevice.started(t, { options: { ...QUICK, script: misbehaving(name) } });
    const pid = device.process;
    const [first, second] = await Promise.allSettled([device.ask(PERU), device.ask(PERU)]);
    for (const outcome of [first, second]) {
      const error: unknown = outcome.status === 'rejected' ? outcome.reason : undefined;
      t.ok(
        error instanceof AtomaError && error.code === 'device_died' && how.test(error.message),
        `${error}`,
      );
    }
    t.equal(device.state, 'restarting');
    await device.reaches('ready');
    t.equal(device.restarts, 1);
    t.notOk(await isAlive(pid), 'nothing is left of it');
  });
}
