import t from 'tap';
import type { Backend } from '#src/core/index.js';
import { type GpuBackend, planBackend } from '#src/workers/index.js';

const WORKS = { works: true } as const;
const BROKEN = { works: false, why: 'wrong libc' } as const;
const NO = 'backend_unavailable';

/** What the backend is for each format, or the code of the refusal. */
type Outcome = readonly [formats: string, gguf: Backend | typeof NO, onnx: Backend | typeof NO];
type Row = readonly [
  requested: Backend | 'auto',
  gpu: GpuBackend | false,
  llama: boolean,
  onnx: boolean,
  outcome: Outcome | typeof NO,
];

const MATRIX: readonly Row[] = [
  ['auto', 'cuda', true, true, ['gguf,onnx', 'llama', 'onnx']],
  ['auto', 'cuda', true, false, ['gguf,onnx', 'llama', 'wasm']],
  ['auto', 'vulkan', true, true, ['gguf,onnx', 'llama', 'onnx']],
  ['auto', 'metal', true, true, ['gguf,onnx', 'llama', 'onnx']],
  ['auto', false, true, true, ['onnx,gguf', 'llama', 'onnx']],
  ['auto', false, true, false, ['onnx,gguf', 'llama', 'wasm']],
  ['auto', false, false, true, ['onnx,gguf', NO, 'onnx']],
  ['auto', false, false, false, ['onnx,gguf', NO, 'wasm']],
  ['llama', 'cuda', true, true, ['gguf', 'llama', 'llama']],
  ['llama', false, true, false, ['gguf', 'llama', 'llama']],
  ['llama', false, false, true, NO],
  ['onnx', 'cuda', true, true, ['onnx', 'onnx', 'onnx']],
  ['onnx', false, false, true, ['onnx', 'onnx', 'onnx']],
  ['onnx', false, true, false, NO],
  ['wasm', 'cuda', true, true, ['onnx', 'wasm', 'wasm']],
  ['wasm', false, false, false, ['onnx', 'wasm', 'wasm']],
];

function codeOf(run: () => string): string {
  try {
    return run();
  } catch (error) {
    return String((error as { code?: unknown }).code);
  }
}

for (const [requested, gpu, llama, onnx, outcome] of MATRIX) {
  const name = `${requested} on ${gpu || 'the CPU'}, llama ${llama ? 'works' : 'broken'}, onnx ${onnx ? 'works' : 'broken'}`;
  t.test(name, async (t) => {
    const engines = { llama: llama ? WORKS : BROKEN, onnx: onnx ? WORKS : BROKEN };
    if (outcome === NO) {
      t.throws(() => planBackend(requested, { gpu }, engines), { code: NO });
      return;
    }
    const plan = planBackend(requested, { gpu }, engines);
    const of = (format: 'gguf' | 'onnx') => codeOf(() => plan.backendOf(format).backend);
    t.strictSame([plan.formats.join(), of('gguf'), of('onnx')], outcome);
  });
}

t.test('the reason says why, and a refusal what there is', async (t) => {
  const reason = (
    gpu: GpuBackend | false,
    format: 'gguf' | 'onnx',
    onnx: typeof WORKS | typeof BROKEN = WORKS,
  ) => planBackend('auto', { gpu }, { llama: WORKS, onnx }).backendOf(format).reason;
  t.match(reason('cuda', 'gguf'), /GPU through CUDA/);
  t.match(reason('cuda', 'onnx'), /ONNX weights only.*CPU/);
  t.match(reason(false, 'onnx'), /CPU.*ONNX/);
  t.match(reason(false, 'onnx', BROKEN), /native addon does not load \(wrong libc\)/);
  t.match(reason(false, 'gguf'), /CPU.*GGUF/);
  const forced = { llama: WORKS, onnx: WORKS };
  t.match(planBackend('wasm', { gpu: false }, forced).backendOf('onnx').reason, /configuration asks/);
  t.throws(() => planBackend('onnx', { gpu: false }, { llama: WORKS, onnx: BROKEN }), {
    message: /onnx.*wrong libc.*What works here: llama.*wasm/,
    fields: { backend: 'onnx', available: ['llama', 'wasm'] },
  });
  const onlyWasm = planBackend('auto', { gpu: false }, { llama: BROKEN, onnx: BROKEN });
  t.throws(() => onlyWasm.backendOf('gguf'), {
    message: /GGUF.*wrong libc.*wasm/,
    fields: { available: ['wasm'] },
  });
});
