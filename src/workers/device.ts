import { Worker } from 'node:worker_threads';
import { AtomaError, messageOf, toErrorData } from '../core/index.js';
import { ModelPool } from './model-pool.js';
import { sequencesFor, workersFor } from './pool-defaults.js';
import type { DeviceSpec, FromDevice, ModelSpec, ToDevice } from './protocol.js';

/**
 * The device process: one per device, since the GPU a process sees is fixed by its environment, and since
 * the engine answers some faults with abort(), which takes a whole process down.
 */
const pools = new Map<string, ModelPool>();
let spec: DeviceSpec | undefined;
let heartbeatIntervalMs = 0;
const send = (message: FromDevice): void => {
  if (process.connected) process.send?.(message);
};

/** The main process ends this one: Piscina would put a thread in its place whose load nobody waits for. */
const onCrash = (error: unknown): void =>
  send({ type: 'fault', message: `lost a worker thread: ${messageOf(error)}` });

async function loadModel(model: ModelSpec, { device, gpu }: DeviceSpec): Promise<void> {
  // ONNX Runtime runs on the CPU whatever the device.
  const onGpu = gpu !== false && model.backend === 'llama';
  const workers = workersFor(model.workers, onGpu);
  const { pool, info, probeFault } = await ModelPool.start(
    {
      spec: {
        name: model.name,
        weights: model.weights,
        backend: model.backend,
        gpu,
        useFlashAttention: model.useFlashAttention,
        sequences: sequencesFor(model.sequences, onGpu),
        contextSize: model.contextSize,
        batchSize: model.batchSize,
        threads: model.threads ?? 1,
        batching: model.batching,
        heartbeatIntervalMs,
      },
      workers,
      mayBeFewer: model.workers === undefined,
      device,
      source: model.source,
      backendReason: model.backendReason,
    },
    {
      onFrames: (frames) => send({ type: 'tokens', frames }),
      onProgress: (fraction) => send({ type: 'progress', model: model.name, fraction }),
      onCrash,
    },
  );
  pools.set(model.name, pool);
  if (info.workers < workers) {
    const message = `${model.name} runs ${info.workers} workers instead of ${workers}: there is no memory for more`;
    send({ type: 'warning', message });
  }
  if (info.flashAttentionRefusal !== undefined) {
    send({ type: 'warning', message: `${model.name}: no flash attention: ${info.flashAttentionRefusal}` });
  }
  if (probeFault !== undefined) send({ type: 'warning', message: `${model.name}: ${probeFault}` });
  send({ type: 'loaded', model: info });
}

function start(message: Extract<ToDevice, { type: 'start' }>): void {
  spec = message.spec;
  heartbeatIntervalMs = message.heartbeatIntervalMs;
  send({ type: 'ready' });
  setInterval(beat, heartbeatIntervalMs);
}

async function load(model: ModelSpec): Promise<void> {
  try {
    if (spec === undefined) throw new Error('a load came before the start');
    await loadModel(model, spec);
  } catch (error) {
    send({ type: 'load_failed', model: model.name, error: toErrorData(error) });
  }
}

async function unload(model: string): Promise<void> {
  const pool = pools.get(model);
  // From here on it is not in the heartbeats: a worker that frees memory may stand still.
  pools.delete(model);
  try {
    await pool?.close();
    send({ type: 'unloaded', model });
  } catch (error) {
    // The end of the process gives the memory back for certain.
    send({ type: 'fault', message: `cannot give back the memory of ${model}: ${messageOf(error)}` });
  }
}

function beat(): void {
  send({ type: 'beat', workers: [...pools.values()].flatMap((pool) => pool.pulses()) });
}

async function run(message: Extract<ToDevice, { type: 'run' }>): Promise<void> {
  const { job, work } = message;
  const { model } = work.params;
  const pool = pools.get(model);
  if (pool === undefined) {
    const error = toErrorData(new AtomaError('unknown_model', `no model ${model} here`));
    return send({ type: 'done', job, outcome: { ok: false, error } });
  }
  try {
    send({ type: 'done', job, outcome: await pool.run(job, work) });
  } catch (error) {
    onCrash(error);
  }
}

process.on('message', (message: ToDevice) => {
  if (message.type === 'run') void run(message);
  else if (message.type === 'cancel') for (const pool of pools.values()) pool.cancel(message.job);
  else if (message.type === 'load') void load(message.model);
  else if (message.type === 'unload') void unload(message.model);
  else start(message);
});
// A terminal's Ctrl-C and a service manager's SIGTERM reach every process of the group; the main process
// decides when this one ends.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
// Killed, not exited: an exit would wait for native calls, a load of minutes or a decode that hangs.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
// The same where this thread's event loop stands still; the main process gives its pid.
new Worker(new URL('./parent-watch.js', import.meta.url), { workerData: Number(process.argv[2]) }).unref();
