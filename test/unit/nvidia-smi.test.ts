import t, { type Test } from 'tap';
import { askNvidia } from '#src/workers/hardware/nvidia-smi.js';
import { FIRST_UUID, fakeNvidiaSmi, printing, SECOND_UUID, TWO_GPUS } from '../fixtures/fake-nvidia-smi.js';

const MIB = 1024 * 1024;
const PATIENT_MS = 30_000;

/** What is made of an `nvidia-smi` that is this script. */
async function ask(t: Test, script: string, timeoutMs = PATIENT_MS) {
  const folder = t.testdir();
  return askNvidia(timeoutMs, { PATH: await fakeNvidiaSmi(folder, script) });
}

t.test('two cards', async (t) => {
  t.strictSame(await ask(t, printing(TWO_GPUS)), {
    gpus: [
      {
        index: 0,
        uuid: FIRST_UUID,
        name: 'NVIDIA GeForce RTX 4090',
        memoryBytes: 24564 * MIB,
        freeBytes: 23941 * MIB,
        driver: '550.54.15',
        vulkanIndex: undefined,
        mig: [],
      },
      {
        index: 1,
        uuid: SECOND_UUID,
        name: 'NVIDIA GeForce RTX 3060',
        memoryBytes: 12288 * MIB,
        freeBytes: 11903 * MIB,
        driver: '550.54.15',
        vulkanIndex: undefined,
        mig: [],
      },
    ],
    fault: undefined,
  });
});

t.test('none: no program, or a program that finds no card', async (t) => {
  t.strictSame(await askNvidia(PATIENT_MS, { PATH: t.testdir() }), { gpus: [], fault: undefined });
  t.strictSame(await ask(t, 'echo "No devices were found"'), { gpus: [], fault: undefined });
});

t.test('what the driver does not know is not known', async (t) => {
  const { gpus } = await ask(
    t,
    printing(`0, ${FIRST_UUID}, NVIDIA GB10, [N/A], [N/A], 580.95.05
1, [N/A], N/A, [Not Supported], [Insufficient Permissions], [N/A]
`),
  );
  t.match(gpus[0], { uuid: FIRST_UUID, memoryBytes: undefined, freeBytes: undefined, driver: '580.95.05' });
  t.match(gpus[1], { index: 1, uuid: undefined, memoryBytes: undefined, driver: undefined });
});

t.test('names with commas, quotes and nothing in them; lines that are no rows', async (t) => {
  const { gpus } = await ask(
    t,
    printing(`Warning: persistence mode is disabled

0, ${FIRST_UUID}, "Quadro ""RTX"", 6000", 24576, 24000, 550.54.15
1, ${SECOND_UUID}, Tesla T4, rev. B, 15360, 15000, 550.54.15
2, GPU-2, , 1024, 1000, 550.54.15
3, GPU-3, "", 1024, 1000, 550.54.15
`),
  );
  t.strictSame(
    gpus.map(({ index, name, memoryBytes }) => [index, name, memoryBytes]),
    [
      [0, 'Quadro "RTX", 6000', 24576 * MIB],
      [1, 'Tesla T4, rev. B', 15360 * MIB],
      [2, 'NVIDIA GPU', 1024 * MIB],
      [3, 'NVIDIA GPU', 1024 * MIB],
    ],
  );
});

t.test('a card that is divided comes with its parts', async (t) => {
  const { gpus } = await ask(
    t,
    printing(
      TWO_GPUS,
      `GPU 0: NVIDIA A100-SXM4-40GB (UUID: ${FIRST_UUID})
  MIG 3g.20gb     Device  0: (UUID: MIG-7089d0f3-293f-58c9-8f8c-5ea666eedbde)
  MIG 1c.3g.20gb  Device  1: (UUID: MIG-56c30729-347f-5dd6-8da0-c3cc59e969e0)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: ${SECOND_UUID})`,
    ),
  );
  t.strictSame(gpus[0]?.mig, [
    { name: '3g.20gb', uuid: 'MIG-7089d0f3-293f-58c9-8f8c-5ea666eedbde' },
    { name: '1c.3g.20gb', uuid: 'MIG-56c30729-347f-5dd6-8da0-c3cc59e969e0' },
  ]);
  t.strictSame(gpus[1]?.mig, []);
});

t.test('a driver that is broken says so; one that hangs is not waited for', async (t) => {
  const said = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.";
  t.strictSame(await ask(t, `echo "${said}"; echo more; exit 9`), { gpus: [], fault: said });
  t.match(await ask(t, 'exit 3'), { gpus: [], fault: /ended with 3/ });
  t.match(await ask(t, 'echo "<html>"'), { gpus: [], fault: /<html>/ });
  t.match(await ask(t, 'exec sleep 600', 200), { gpus: [], fault: /did not answer within 0.2 s/ });
});
