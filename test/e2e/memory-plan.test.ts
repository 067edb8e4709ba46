import { join } from 'node:path';
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';
import t, { type Test } from 'tap';
import { checkFit } from '#src/workers/hardware/check-fit.js';
import { planMemory } from '#src/workers/hardware/memory-plan.js';
import { inspectModel } from '#src/workers/index.js';
import { MODEL_DIR } from './cli.js';

const MIB = 1024 * 1024;
/** Of what llama.cpp reports. */
const TOLERANCE = 0.1;
/** The log has two digits after the point. */
const ROUNDING_BYTES = 0.02 * MIB;

let log = '';
const llama = getLlama({
  gpu: false,
  build: 'never',
  progressLogs: false,
  logLevel: LlamaLogLevel.info,
  logger: (_level, message) => {
    log += `${message}\n`;
  },
});

/** Bytes of all buffers of a kind that the log tells of: `CPU KV buffer size = 4.00 MiB`. */
async function reported(kind: string): Promise<number> {
  // The library hands its log on in microtasks and timers.
  await new Promise((resolve) => setImmediate(resolve));
  const sizes = [...log.matchAll(new RegExp(`${kind} buffer size = +([\\d.]+) MiB`, 'g'))];
  return sizes.reduce((sum, [, size]) => sum + Number(size) * MIB, 0);
}

function near(t: Test, predicted: number, real: number, what: string): void {
  const off = Math.abs(predicted - real);
  t.ok(off <= real * TOLERANCE + ROUNDING_BYTES, `${what}: ${predicted} predicted, ${real} reported`);
}

for (const precision of ['F16', 'Q8_0']) {
  t.test(`${precision}: what llama.cpp allocates is what was planned`, async (t) => {
    const file = join(MODEL_DIR, `atoma-tiny.${precision}.gguf`);
    const weights = { format: 'gguf', file, bytes: 0 } as const;
    log = '';
    const model = await (await llama).loadModel({ modelPath: file, gpuLayers: 0 });
    const copied = await reported('(?:AMX|CPU_REPACK) model');
    const mapped = await reported('CPU_Mapped model');
    for (const [sequences, contextSize] of [
      [1, 512],
      [4, 4096],
      [8, 2048],
    ] as const) {
      const batchSize = 512;
      const spec = { weights, backend: 'llama', gpu: false, sequences, contextSize, batchSize } as const;
      const plan = await planMemory({ ...spec, useFlashAttention: false }, 2, process.env);
      log = '';
      const context = await model.createContext({
        sequences,
        contextSize,
        batchSize,
        threads: 1,
        flashAttention: false,
      });
      const name = `${sequences} sequences of ${contextSize} tokens`;
      near(t, plan.kvCacheBytes, 2 * (await reported('KV')), `KV cache of ${name}`);
      const compute = (await reported('compute')) + (await reported('output'));
      near(t, plan.computeBytes, 2 * compute, `compute buffers of ${name}`);
      t.equal(plan.weightsShared, copied === 0, 'weights are shared where they are used as they are');
      near(t, plan.weightsBytes, copied === 0 ? mapped : 2 * copied, 'weights of 2 workers');
      await context.dispose();
    }
    await model.dispose();
  });
}

t.test('what does not fit is refused before it is loaded, unless fewer workers do', async (t) => {
  const file = join(MODEL_DIR, 'atoma-tiny.Q8_0.gguf');
  const model = {
    name: 'tiny',
    weights: { format: 'gguf', file, bytes: 0 },
    backend: 'llama',
    gpu: false,
    sequences: 256,
    contextSize: 16_777_216,
    batchSize: undefined,
    useFlashAttention: false,
  } as const;
  await t.rejects(checkFit(model, { workers: 1, mayBeFewer: true }), {
    code: 'insufficient_memory',
    message: /tiny needs .* TiB of RAM, .* are free: .*256 sequences of 16777216 tokens/,
    fields: { model: 'tiny', place: 'ram', kvCacheBytes: Number, availableBytes: Number, sequences: 256 },
  });
  const small = { ...model, sequences: 1, contextSize: 512 };
  // A worker takes some 12 MiB.
  const plan = await checkFit(small, { workers: 1_000_000, mayBeFewer: true });
  t.ok(plan !== undefined && plan.workers > 1 && plan.workers < 1_000_000);
  t.ok(plan !== undefined && plan.totalBytes <= plan.availableBytes);
  await t.rejects(checkFit(small, { workers: 1_000_000, mayBeFewer: false }), {
    code: 'insufficient_memory',
    message: /pool\.workers = \d+ would fit/,
  });
});

t.test('facts of the demo model, in both formats', async (t) => {
  const facts = {
    architecture: 'llama',
    trainedContextSize: 512,
    chatTemplate: /<\|im_start\|>/,
    memoryFault: undefined,
    memory: { place: 'ram', sequences: 4, contextSize: 512, workers: 2 },
  };
  const options = { gpu: false, sequences: 4, workers: 2 } as const;
  const file = join(MODEL_DIR, 'atoma-tiny.F16.gguf');
  t.match(await inspectModel({ format: 'gguf', file, bytes: 0 }, options), {
    ...facts,
    parameters: 3_410_176,
    quantisation: 'f16',
    license: 'Apache-2.0',
  });
  const onnx = { format: 'onnx', folder: MODEL_DIR, file: 'onnx/model.onnx', bytes: 0 } as const;
  t.match(await inspectModel(onnx, options), { ...facts, quantisation: 'f32', license: undefined });
});

t.test('what is no model is named; a GPU that is not there leaves the facts', async (t) => {
  const readme = join(MODEL_DIR, 'README.md');
  await t.rejects(inspectModel({ format: 'gguf', file: readme, bytes: 0 }, { gpu: false }), {
    code: 'model_load_failed',
    message: /README\.md/,
  });
  const file = join(MODEL_DIR, 'atoma-tiny.Q8_0.gguf');
  const other = process.platform === 'darwin' ? 'vulkan' : 'metal';
  t.match(await inspectModel({ format: 'gguf', file, bytes: 0 }, { gpu: other }), {
    quantisation: 'q8_0',
    memory: undefined,
    memoryFault: /does not load/,
  });
});
