import t from 'tap';
import { type GpuChoice, type Hardware, resolveDevice } from '#src/workers/index.js';
import { FIRST_UUID, SECOND_UUID } from '../fixtures/fake-nvidia-smi.js';
import { gpu, machine } from '../fixtures/machines.js';

const CUDA_WORKS = [{ gpu: 'cuda', state: { works: true } }] as const;
const NOTHING_WORKS = [
  { gpu: 'cuda', state: { works: false, why: 'no libcudart' } },
  { gpu: 'vulkan', state: { works: false, why: 'no libvulkan' } },
] as const;
const TWO = [gpu(0, { uuid: FIRST_UUID }), gpu(1, { uuid: SECOND_UUID })];
const CUDA = machine({ gpus: TWO, gpu: 'cuda', builds: CUDA_WORKS });
const BARE = machine({ builds: NOTHING_WORKS });
const HIDDEN = { CUDA_DEVICE_ORDER: 'PCI_BUS_ID', CUDA_VISIBLE_DEVICES: '', GGML_VK_VISIBLE_DEVICES: '' };

function seeing(label: string, hardware: Hardware, choice: GpuChoice = 'auto') {
  const { device, gpu, visible, warning } = resolveDevice(label, hardware, choice);
  return [device, gpu, visible['CUDA_VISIBLE_DEVICES'], visible['GGML_VK_VISIBLE_DEVICES'], warning];
}

t.test('an index, a UUID and the beginning of one name a GPU, which is pinned by its UUID', async (t) => {
  t.strictSame(seeing('0', CUDA), ['0', 'cuda', FIRST_UUID, '', undefined]);
  t.strictSame(seeing('1', CUDA, 'cuda'), ['1', 'cuda', SECOND_UUID, '', undefined]);
  t.strictSame(seeing(SECOND_UUID, CUDA), [SECOND_UUID, 'cuda', SECOND_UUID, '', undefined]);
  t.strictSame(seeing('gpu-8B1F', CUDA), ['gpu-8B1F', 'cuda', SECOND_UUID, '', undefined]);
  t.equal(resolveDevice('0', CUDA, 'auto').visible['CUDA_DEVICE_ORDER'], 'PCI_BUS_ID');
  const unnamed = machine({ gpus: [gpu(0), gpu(1)], gpu: 'cuda', builds: CUDA_WORKS });
  t.strictSame(seeing('1', unnamed), ['1', 'cuda', '1', '', undefined], 'without a UUID the index does');
});

t.test('Vulkan counts on its own, and a GPU that it does not list is not used', async (t) => {
  const gpus = [gpu(0, { uuid: FIRST_UUID, vulkanIndex: 3 }), gpu(1, { vulkanIndex: 0 }), gpu(2)];
  const vulkan = machine({ gpus, gpu: 'vulkan', builds: [{ gpu: 'vulkan', state: { works: true } }] });
  t.strictSame(seeing('0', vulkan), ['0', 'vulkan', FIRST_UUID, '3', undefined]);
  t.strictSame(seeing('1', vulkan), ['1', 'vulkan', '', '0', undefined], "none of CUDA's");
  t.match(seeing('2', vulkan), ['2', false, '2', '', /Vulkan does not list this GPU.*run on the CPU/]);
  t.throws(() => resolveDevice('2', vulkan, 'vulkan'), { code: 'backend_unavailable' });
});

t.test('the CPU sees no GPU, and the choice of the CPU makes every device one', async (t) => {
  const cpu = { device: 'cpu', gpu: false, visible: HIDDEN, warning: undefined };
  t.match(resolveDevice('cpu', CUDA, 'auto'), cpu);
  for (const label of ['0', '7', FIRST_UUID]) t.match(resolveDevice(label, CUDA, 'cpu'), cpu);
});

t.test('what is not there is named, with what is', async (t) => {
  t.throws(() => resolveDevice('5', CUDA, 'auto'), {
    code: 'device_not_found',
    message: new RegExp(`there is no GPU 5.*GPU 0: Card 0 .*${FIRST_UUID}.*24\\.0 GiB.*GPU 1`),
    fields: { device: '5', gpus: [{ index: 0 }, { index: 1 }] },
  });
  t.throws(() => resolveDevice('GPU-ff', CUDA, 'auto'), { code: 'device_not_found', message: /GPU-ff/ });
  t.throws(() => resolveDevice('GPU-8', CUDA, 'auto'), {
    code: 'device_not_found',
    message: /more than one GPU/,
  });
  t.throws(() => resolveDevice('GPU-8', BARE, 'auto'), {
    code: 'device_not_found',
    message: /No GPU was found/,
  });
});

t.test('a divided GPU is named by its parts', async (t) => {
  const mig = [
    { uuid: 'MIG-7089d0f3', name: '3g.20gb' },
    { uuid: 'MIG-56c30729', name: '3g.20gb' },
  ];
  const divided = machine({ gpus: [gpu(0, { uuid: FIRST_UUID, mig })], gpu: 'cuda', builds: CUDA_WORKS });
  t.strictSame(seeing('MIG-56', divided), ['MIG-56', 'cuda', 'MIG-56c30729', '', undefined]);
  for (const label of ['0', FIRST_UUID]) {
    t.throws(() => resolveDevice(label, divided, 'auto'), { message: /divided.*MIG-7089d0f3/ });
  }
});

t.test('without a GPU that can be used, auto falls back to the CPU and says why', async (t) => {
  t.match(seeing('0', BARE), ['0', false, '', '', /no GPU was found.*CPU/]);
  const faulty = machine({ builds: NOTHING_WORKS, driverFault: 'driver mismatch' });
  t.match(seeing('0', faulty), ['0', false, '', '', /driver mismatch/]);
  const idle = machine({ gpus: TWO, builds: NOTHING_WORKS });
  t.match(seeing('1', idle), ['1', false, SECOND_UUID, '', /Card 1.*no libcudart.*no libvulkan.*CPU/]);
});

t.test('what was asked for and is not there is refused, whatever the device', async (t) => {
  const vulkan = machine({
    gpus: TWO,
    builds: [
      { gpu: 'cuda', state: { works: false, why: 'no libcudart' } },
      { gpu: 'vulkan', state: { works: true } },
    ],
  });
  for (const label of ['cpu', '0', '9']) {
    t.throws(() => resolveDevice(label, vulkan, 'cuda'), {
      code: 'backend_unavailable',
      message: /cuda.*no libcudart.*What works here: vulkan and cpu.*Card 0/,
      fields: { gpu: 'cuda', available: ['vulkan', 'cpu'] },
    });
  }
  t.throws(() => resolveDevice('0', BARE, 'vulkan'), { message: /no libvulkan.*What works here: cpu/ });
});
