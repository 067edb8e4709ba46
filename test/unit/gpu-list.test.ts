import t from 'tap';
import { listGpus, seeGpus } from '#src/workers/hardware/gpu-list.js';
import { FIRST_UUID, SECOND_UUID } from '../fixtures/fake-nvidia-smi.js';
import { gpu } from '../fixtures/machines.js';

/** The physical devices of a machine in Vulkan's order; a build sees of them what the environment lets it. */
const PHYSICAL = ['llvmpipe', 'RTX 3060', 'Radeon 780M', 'RTX 4090', 'RTX 3060'];

const ask = async (_gpu: unknown, visible: Readonly<Record<string, string>>) => {
  const index = Number(visible['GGML_VK_VISIBLE_DEVICES']);
  const name = PHYSICAL[index];
  return name === undefined ? undefined : { devices: [name], totalBytes: 1000 + index, freeBytes: index };
};

const works = { works: true } as const;

t.test("Vulkan's devices are asked one by one, by the index that the environment counts with", async (t) => {
  const devices = ['RTX 4090', 'RTX 3060', 'RTX 3060', 'Radeon 780M'];
  const finding = { devices, totalBytes: 4, freeBytes: 4 };
  const seen = await seeGpus({ gpu: 'vulkan', state: works, finding }, ask);
  t.strictSame(
    seen.map(({ name, vulkanIndex, memoryBytes }) => [name, vulkanIndex, memoryBytes]),
    [
      ['RTX 3060', 1, 1001],
      ['Radeon 780M', 2, 1002],
      ['RTX 4090', 3, 1003],
      ['RTX 3060', 4, 1004],
    ],
    'not the one that the build leaves out by itself',
  );
  const nvidia = [
    gpu(0, { uuid: FIRST_UUID, name: 'RTX 4090' }),
    gpu(1, { uuid: SECOND_UUID, name: 'RTX 3060' }),
    gpu(2, { name: 'RTX 3060' }),
  ];
  t.strictSame(
    listGpus(nvidia, seen).map(({ index, uuid, name, vulkanIndex }) => [index, uuid, name, vulkanIndex]),
    [
      [0, FIRST_UUID, 'RTX 4090', 3],
      [1, SECOND_UUID, 'RTX 3060', 1],
      [2, undefined, 'RTX 3060', 4],
      [3, undefined, 'Radeon 780M', 2],
    ],
  );
});

t.test('a GPU that Vulkan does not have keeps its place', async (t) => {
  const listed = listGpus([gpu(0, { name: 'Tesla K80' })], []);
  t.match(listed, [{ index: 0, vulkanIndex: undefined }]);
});

t.test('without nvidia-smi CUDA itself says what there is', async (t) => {
  const one = { devices: ['Orin'], totalBytes: 64, freeBytes: 32 };
  const alone = await seeGpus({ gpu: 'cuda', state: works, finding: one }, async () => undefined);
  t.match(listGpus([], alone), [{ index: 0, name: 'Orin', memoryBytes: 64, freeBytes: 32 }]);
  const asked: unknown[] = [];
  const two = { devices: ['A', 'B'], totalBytes: 3, freeBytes: 3 };
  const both = await seeGpus({ gpu: 'cuda', state: works, finding: two }, async (_gpu, visible) => {
    asked.push(visible['CUDA_VISIBLE_DEVICES']);
    return { devices: ['?'], totalBytes: asked.length, freeBytes: 0 };
  });
  t.strictSame(asked, ['0', '1']);
  t.match(both, [
    { name: 'A', memoryBytes: 1 },
    { name: 'B', memoryBytes: 2 },
  ]);
});
