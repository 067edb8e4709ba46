import { availableParallelism } from 'node:os';
import { AtomaError, toErrorData } from '../core/index.js';
import { loadBinding } from './engines/llama.js';
import { ModelPool } from './model-pool.js';
import type { DeviceSpec, FromDevice, ModelSpec, ToDevice } from './protocol.js';

/**
 * The device process: one per device, since the GPU a process sees is fixed by its environment, and since
 * the engine answers some faults with abort(), which takes a whole process down.
 */
const pools = new Map<string, ModelPool>();
const send = (message: FromDevice): void => {
  if (process.connected) process.send?.(message);
};

/** Sequences a CPU worker decodes together: with one thread a batch gains little beyond this. */
const CPU_SEQUENCES = 4;
/** On a GPU a batch of 8 costs hardly more than one of 1. */
const GPU_SEQUENCES = 8;

async function gpuUsable(device: DeviceSpec['device']): Promise<boolean> {
  if (device === 'cpu') return false;
  const llama = await loadBinding(true);
  const found = llama.gpu !== false && (await llama.getGpuDeviceNames()).length > 0;
  await llama.dispose();
  return found;
}

async function loadModel(model: ModelSpec, device: string, gpu: boolean): Promise<void> {
  const workers = model.workers ?? (gpu ? 1 : availableParallelism());
  const { pool, info } = await ModelPool.start(
    {
      spec: {
        name: model.name,
        file: model.file,
        gpu,
        useFlashAttention: model.useFlashAttention,
        sequences: model.sequences ?? (gpu ? GPU_SEQUENCES : CPU_SEQUENCES),
        contextSize: model.contextSize,
        batchSize: model.batchSize,
        threads: model.threads ?? 1,
      },
      workers,
      device,
    },
    (frames) => send({ type: 'tokens', frames }),
    (fraction) => send({ type: 'progress', model: model.name, fraction }),
  );
  pools.set(model.name, pool);
  send({ type: 'loaded', model: info });
}

async function load(spec: DeviceSpec): Promise<void> {
  const gpu = await gpuUsable(spec.device);
  if (spec.device !== 'cpu' && !gpu) {
    send({
      type: 'warning',
      message: `device ${spec.device}: no GPU that llama.cpp can use was found; its models run on the CPU`,
    });
  }
  for (const model of spec.models) {
    try {
      await loadModel(model, String(spec.device), gpu);
    } catch (error) {
      send({ type: 'load_failed', model: model.name, error: toErrorData(error) });
    }
  }
  send({ type: 'ready' });
}

async function run(message: Extract<ToDevice, { type: 'run' }>): Promise<void> {
  const pool = pools.get(message.model);
  const outcome =
    pool === undefined
      ? {
          ok: false as const,
          error: toErrorData(new AtomaError('unknown_model', `no model ${message.model} here`)),
        }
      : await pool.run(message.job, message.params);
  send({ type: 'done', job: message.job, outcome });
}

process.on('message', (message: ToDevice) => {
  if (message.type === 'run') void run(message);
  else if (message.type === 'cancel') for (const pool of pools.values()) pool.cancel(message.job);
  else void load(message.spec);
});
// A terminal's Ctrl-C reaches every process of the group; the main process decides when this one ends.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
