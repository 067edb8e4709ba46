import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { GpuMemoryWatch } from '#src/workers/hardware/gpu-memory.js';
import type { Gpu } from '#src/workers/hardware/hardware.js';
import { askNvidia } from '#src/workers/hardware/nvidia-smi.js';
import { residentMemory } from '#src/workers/resident-memory.js';
import { FIRST_UUID, fakeNvidiaSmi, printing, SECOND_UUID, TWO_GPUS } from '../fixtures/fake-nvidia-smi.js';

const MIB = 1024 * 1024;
const PATIENT_MS = 30_000;

t.test('resident memory of this process, and of none', { skip: process.platform !== 'linux' }, async (t) => {
  const bytes = residentMemory(process.pid) ?? 0;
  t.ok(Math.abs(bytes / process.memoryUsage.rss() - 1) < 0.2, `${bytes} is what Node tells, too`);
  const child = spawn(process.execPath, ['-e', '0']);
  await once(child, 'exit');
  t.equal(residentMemory(child.pid ?? 0), undefined);
});

t.test('GPUs are asked by their own tool, and nobody waits for it', async (t) => {
  const PATH = await fakeNvidiaSmi(t.testdir(), printing(TWO_GPUS));
  let now = 0;
  let asked: Promise<readonly Gpu[]> | undefined;
  let times = 0;
  const list = (): Promise<readonly Gpu[]> => {
    times++;
    asked = askNvidia(PATIENT_MS, { PATH }).then(({ gpus }) => gpus);
    return asked;
  };
  const watch = new GpuMemoryWatch({ now: () => now, list });
  const first = { uuid: FIRST_UUID, index: 0 };
  t.equal(watch.of(first), undefined, 'nothing is known yet');
  await asked;
  await new Promise((resolve) => setImmediate(resolve));
  t.strictSame(watch.of(first), { usedBytes: (24564 - 23941) * MIB, freeBytes: 23941 * MIB });
  t.strictSame(watch.of({ uuid: SECOND_UUID, index: 7 }), {
    usedBytes: (12288 - 11903) * MIB,
    freeBytes: 11903 * MIB,
  });
  t.equal(watch.of({ uuid: 'GPU-0', index: 0 }), undefined, 'another one');
  t.equal(times, 1, 'what was just heard is not asked for again');
  now += 60_000;
  t.ok(watch.of(first), 'what was heard the time before');
  t.equal(times, 2);
  await asked;
  now += 3_600_000;
  t.equal(watch.of(first), undefined, 'what is old is not told');
});

t.test('a tool that fails is not known, and not asked at once again', async (t) => {
  let times = 0;
  const list = (): Promise<readonly Gpu[]> => {
    times++;
    return Promise.reject(new Error('no driver'));
  };
  const watch = new GpuMemoryWatch({ now: () => 0, list });
  for (let scrape = 0; scrape < 3; scrape++) {
    t.equal(watch.of({ uuid: FIRST_UUID, index: 0 }), undefined);
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.equal(times, 1);
});
