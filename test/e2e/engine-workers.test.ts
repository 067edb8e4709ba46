import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Piscina } from 'piscina';
import t, { type Test } from 'tap';
import type { Backend } from '#src/core/index.js';
import type { FromWorker, WorkerResult, WorkerTask } from '#src/workers/protocol.js';
import { pulseMemory, readPulses } from '#src/workers/worker-pulse.js';
import { engineSpec } from '../fixtures/engine.js';
import { chat, ENDLESS, params } from '../fixtures/tiny-device.js';

const SLOTS = 4;

interface WorkerUnderTest {
  readonly pool: Piscina<WorkerTask, WorkerResult>;
  readonly cancelFlags: Int32Array;
  readonly messages: readonly FromWorker[];
  /** Times that its event loop has turned, counted each ms. */
  ticks(): number;
}

/** A worker thread as a device process starts it, with the demo model. */
function startWorker(t: Test, backend: Backend): WorkerUnderTest {
  const cancelFlags = new SharedArrayBuffer(SLOTS * Int32Array.BYTES_PER_ELEMENT);
  const pulse = pulseMemory(1);
  const pool = new Piscina<WorkerTask, WorkerResult>({
    filename: import.meta.resolve('#src/workers/worker.js'),
    workerData: engineSpec(backend, { cancelFlags, pulse, heartbeatIntervalMs: 1 }),
    minThreads: 1,
    maxThreads: 1,
    concurrentTasksPerWorker: SLOTS,
    atomics: 'disabled',
  });
  t.teardown(() => pool.destroy());
  const messages: FromWorker[] = [];
  pool.on('message', (message: FromWorker) => messages.push(message));
  return {
    pool,
    cancelFlags: new Int32Array(cancelFlags),
    messages,
    ticks: () => readPulses('tiny', pulse)[0]?.ticks ?? 0,
  };
}

/** Native libraries that this process has loaded, where the system tells. */
async function loaded(): Promise<{ readonly llama: boolean; readonly onnx: boolean }> {
  const maps = await readFile('/proc/self/maps', 'utf8').catch(() => '');
  return { llama: /libllama|llama-addon/.test(maps), onnx: /onnxruntime_binding/.test(maps) };
}

async function serves(t: Test, backend: Backend): Promise<void> {
  const { pool, cancelFlags, messages, ticks } = startWorker(t, backend);
  const run = (job: number, slot: number, prompt: ReturnType<typeof params>): Promise<WorkerResult> =>
    pool.run({ job, slot, work: { params: prompt, reproducible: false } });
  Atomics.store(cancelFlags, 3, 1);
  const before = ticks();
  const [peru, sum, stopped] = await Promise.all([
    run(1, 0, params(chat('What is the capital of Peru?'))),
    run(2, 1, params(chat('What is 3 plus 4?'))),
    run(3, 3, params('Once upon a time', ENDLESS)),
  ]);
  t.match(peru, { outcome: { ok: true, completion: { text: 'The capital of Peru is Lima.' } } });
  t.match(sum, { outcome: { ok: true, completion: { text: '3 plus 4 is 7.' } } });
  t.match(stopped, { outcome: { ok: false, error: { code: 'cancelled' } } });
  t.ok(
    messages.some((message) => message.type === 'loaded'),
    'it says what it loaded',
  );
  const frames = (): string =>
    messages
      .flatMap((message) => (message.type === 'tokens' ? message.frames : []))
      .flatMap(([job, , text]) => (job === 1 ? [text] : []))
      .join('');
  // They travel on another port than the result, and may come after it.
  while (frames().length < 'The capital of Peru is Lima.'.length) await once(pool, 'message');
  t.equal(frames(), 'The capital of Peru is Lima.', 'tokens came as frames');
  await run(4, 0, params('Once upon a time', { ...ENDLESS, maxTokens: 200n }));
  t.ok(ticks() > before + 3, 'its event loop turns while it generates');
}

// In this order: what a worker loads stays in the process.
t.test('WebAssembly serves from a worker, without native code', async (t) => {
  await serves(t, 'wasm');
  t.same(await loaded(), { llama: false, onnx: false });
});

t.test('ONNX Runtime serves from a worker, without llama.cpp', async (t) => {
  await serves(t, 'onnx');
  t.equal((await loaded()).llama, false);
});

t.test('llama.cpp serves from a worker', (t) => serves(t, 'llama'));
