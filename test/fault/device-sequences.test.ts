import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import t from 'tap';
import {
  gone,
  isAlive,
  misbehaving,
  modelSpec,
  params,
  QUICK,
  TINY,
  TinyDevice,
} from '../fixtures/tiny-device.js';

const MODELS = ['a', 'b', 'c'];

const step = fc.oneof(
  fc.record({ act: fc.constantFrom('load', 'unload', 'ask'), model: fc.constantFrom(...MODELS) }),
  fc.record({ act: fc.constantFrom('kill', 'settle'), model: fc.constant('') }),
);

t.test('whatever is loaded, unloaded and killed: the device holds what was wanted last', async (t) => {
  const dir = t.testdir({});
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      const device = TinyDevice.create(t, {
        options: {
          ...QUICK,
          heartbeatIntervalMs: 50,
          goodRunMs: 0,
          quarantineDeaths: 1000,
          script: misbehaving('many-models'),
        },
      });
      const file = join(dir, `${run++}.gguf`);
      symlinkSync(TINY, file);
      device.startEmpty();
      const wanted = new Set<string>();
      const work: Promise<unknown>[] = [];
      const leaving = new Set<string>();
      for (const { act, model } of steps) {
        if (act === 'load' && !wanted.has(model) && !leaving.has(model)) {
          wanted.add(model);
          work.push(device.load(modelSpec({ file }, model), () => undefined).catch(codeOf));
        } else if (act === 'unload' && wanted.delete(model)) {
          leaving.add(model);
          work.push(device.unload(model).then(() => leaving.delete(model)));
        } else if (act === 'ask') work.push(device.ask(params('x', { model })).catch(codeOf));
        else if (act === 'kill' && device.pid !== undefined) killIfThere(device.pid);
        else if (act === 'settle') await Promise.all(work);
      }
      const ends = await Promise.all(work);
      await device.until(() => [...wanted].every((model) => device.capacity(model) === 4));
      const held = device.models.map(({ name }) => name).sort();
      const { process: pid } = device;
      await device.stop();
      await gone(pid);
      rmSync(file);
      const codes = new Set(['cancelled', 'device_died', 'model_unloaded']);
      return (
        held.join() === [...wanted].sort().join() &&
        ends.every((end) => typeof end !== 'string' || codes.has(end)) &&
        MODELS.every((model) => device.capacity(model) === 0) &&
        !(await isAlive(pid))
      );
    }),
    { numRuns: 25 },
  );
  t.pass();
});

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : error;
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}
