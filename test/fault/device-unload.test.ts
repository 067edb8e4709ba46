import { readFile } from 'node:fs/promises';
import t, { type Test } from 'tap';
import { chat, ENDLESS, modelSpec, params, QUICK, TINY, TinyDevice } from '../fixtures/tiny-device.js';

const PERU = params(chat('What is the capital of Peru?'));
const LIMA = 'The capital of Peru is Lima.';
const F16 = TINY.replace('Q8_0', 'F16');

/** A started device without a model. */
function empty(t: Test, unloadGraceMs = 30_000): TinyDevice {
  const device = TinyDevice.create(t, { options: { ...QUICK, unloadGraceMs } });
  device.startEmpty();
  return device;
}

const load = (device: TinyDevice, name: string, file = TINY) =>
  device.load(modelSpec({ file }, name), () => undefined);
const names = (device: TinyDevice) => device.models.map(({ name }) => name);

t.test('two models on a device: killed, it comes back with both', async (t) => {
  const device = empty(t);
  const infos = await Promise.all([load(device, 'q8'), load(device, 'f16', F16)]);
  t.match(infos, [{ name: 'q8' }, { name: 'f16', file: F16 }]);
  process.kill(device.process, 'SIGKILL');
  await device.reaches('restarting');
  t.strictSame(names(device), ['q8', 'f16'], 'it is known what it will serve again');
  t.equal(device.capacity('q8') + device.capacity('f16'), 0);
  await device.reaches('ready');
  t.equal(device.restarts, 1);
  for (const model of ['q8', 'f16']) {
    t.equal((await device.ask({ ...PERU, model })).completion.text, LIMA);
  }
});

t.test('a model is taken off while another one serves, and comes back', async (t) => {
  const device = empty(t);
  await Promise.all([load(device, 'q8'), load(device, 'f16', F16)]);
  const pid = device.process;
  const unloading = device.unload('f16');
  t.equal(device.serves('f16'), false, 'at once');
  t.equal(device.capacity('f16'), 0);
  const answer = device.ask({ ...PERU, model: 'q8' });
  await t.rejects(device.ask({ ...PERU, model: 'f16' }), { code: 'model_unloaded' });
  await unloading;
  t.equal((await answer).completion.text, LIMA);
  t.strictSame(names(device), ['q8']);
  await t.rejects(device.unload('f16'), { code: 'unknown_model', message: /f16/ });
  await load(device, 'f16', F16);
  t.equal((await device.ask({ ...PERU, model: 'f16' })).completion.text, LIMA);
  await t.rejects(load(device, 'f16'), { code: 'model_exists' });
  t.equal(device.process, pid, 'in the same process');
  t.equal(device.restarts, 0);
});

t.test('a job that runs when its model is unloaded ends within the grace, or by it', async (t) => {
  const device = empty(t);
  await load(device, 'tiny');
  let unloading: Promise<void> | undefined;
  const { completion } = await device.ask(params('Once upon a time', { ...ENDLESS, maxTokens: 200n }), {
    onFirst: () => {
      unloading = device.unload('tiny');
    },
  });
  t.equal(completion.tokens.length, 200, 'it was let to its end');
  await unloading;

  const hasty = empty(t, 0);
  await load(hasty, 'tiny');
  const ended = hasty.ask(params('Once upon a time', ENDLESS), {
    onFirst: () => {
      unloading = hasty.unload('tiny');
    },
  });
  await t.rejects(ended, { code: 'model_unloaded', fields: { model: 'tiny' } });
  await unloading;
  t.equal(hasty.state, 'ready');
  t.equal(hasty.restarts, 0);
});

t.test(
  'a model that goes gives its memory back, each time, while another one keeps the process',
  { skip: process.platform !== 'linux' && 'needs /proc' },
  async (t) => {
    const device = empty(t);
    await load(device, 'stays');
    const residentMib = async () => {
      const status = await readFile(`/proc/${device.process}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
    };
    // A KV cache of some 270 MiB, beside which the weights do not count.
    const large = { ...modelSpec({ sequences: 16 }, 'goes'), contextSize: 8192 };
    const left: number[] = [];
    for (let round = 0; round < 3; round++) {
      const before = await residentMib();
      await device.load(large, () => undefined);
      const loaded = await residentMib();
      await device.unload('goes');
      left.push(await residentMib());
      t.ok(loaded - before > 150, `${Math.round(before)} MiB, loaded ${Math.round(loaded)} MiB`);
      t.ok(loaded - (left.at(-1) ?? 0) > 150, `unloaded ${Math.round(left.at(-1) ?? 0)} MiB`);
    }
    const [first = 0, , last = 0] = left;
    t.ok(last - first < 100, 'nothing adds up');
    t.equal((await device.ask({ ...PERU, model: 'stays' })).completion.text, LIMA);
  },
);
