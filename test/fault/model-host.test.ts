import { pino } from 'pino';
import t, { type Test } from 'tap';
import type { InferenceConfig, ModelConfig } from '#src/config/index.js';
import {
  type DownloadProgress,
  ModelStore,
  type ObtainedModel,
  type ObtainOptions,
} from '#src/models/index.js';
import { Machine } from '#src/node/hardware.js';
import { ModelHost } from '#src/node/model-host.js';
import type { ModelProgress } from '#src/node/model-progress.js';
import { SCHEDULER_DEFAULTS, Scheduler } from '#src/scheduler/index.js';
import type { Hardware } from '#src/workers/index.js';
import { TINY } from '../fixtures/tiny-device.js';

const logger = pino({ level: 'silent' });

interface Download {
  readonly name: string;
  readonly tell: (progress: DownloadProgress) => void;
  readonly finish: () => void;
  readonly signal: AbortSignal;
}

/** Its downloads go as the test says, and end with the demo model. */
class SlowStore extends ModelStore {
  readonly downloads: Download[] = [];
  readonly #seen: (() => void)[] = [];

  constructor() {
    super({ cacheDir: '/nowhere', apiKey: undefined });
  }

  override check(): void {}

  override obtain(
    { name }: { readonly name: string },
    _formats: readonly string[],
    { signal, onProgress }: ObtainOptions,
  ): Promise<ObtainedModel> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
      const finish = (): void =>
        resolve({ weights: { format: 'gguf', file: TINY, bytes: 0 }, source: undefined });
      this.downloads.push({ name, tell: onProgress, finish, signal });
      for (const seen of this.#seen.splice(0)) seen();
    });
  }

  /** The download of a model, once it is asked for. */
  async downloadOf(name: string): Promise<Download> {
    for (;;) {
      const found = this.downloads.find((download) => download.name === name);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#seen.push(resolve));
    }
  }
}

const HARDWARE: Hardware = {
  gpus: [],
  gpu: false,
  builds: [],
  driverFault: undefined,
  llama: { works: true },
  onnx: { works: true },
  cpu: { model: 'a CPU', cores: 2 },
  memory: { totalBytes: 1e12, freeBytes: 1e12 },
};

class KnownMachine extends Machine {
  override look(): Promise<Hardware> {
    return Promise.resolve(HARDWARE);
  }
}

const CONFIG: InferenceConfig = {
  apiKey: undefined,
  cacheDir: '/nowhere',
  flushStorage: false,
  jrpcPort: 0,
  models: [],
  tracing: false,
  pool: { workers: 1, sequences: 1, contextSize: undefined, batchSize: undefined, threads: 1 },
  scheduler: { maxRequestWaitMs: 500, maxQueuedRequests: 1, ticketReserve: 0 },
  rpc: {
    host: '127.0.0.1',
    adminToken: undefined,
    keysFile: 'api-keys.json',
    corsOrigins: [],
    allowedHosts: [],
    tls: undefined,
    limits: {},
  },
};

function rig(t: Test) {
  const store = new SlowStore();
  const scheduler = new Scheduler(SCHEDULER_DEFAULTS, {});
  const machine = new KnownMachine({ choice: 'auto' }, { logger });
  const host = new ModelHost(CONFIG, { machine, store, scheduler, logger, onServing: () => undefined });
  t.teardown(() => host.stop());
  const progress: ModelProgress[] = [];
  const load = (name: string, change: Partial<ModelConfig> = {}) =>
    host.load(modelOf(name, change), (news) => progress.push(news));
  return { store, host, scheduler, progress, load };
}

function modelOf(name: string, change: Partial<ModelConfig>): ModelConfig {
  return {
    name,
    devices: ['cpu'],
    precision: 'q8_0',
    modelType: 'owner/name',
    revision: 'main',
    useFlashAttention: false,
    backend: 'llama',
    ...change,
  };
}

t.test('several models are downloaded at once, and how far each is can be read', async (t) => {
  const { store, host, progress, load, scheduler } = rig(t);
  const loads = [load('one'), load('two')];
  const one = await store.downloadOf('one');
  const two = await store.downloadOf('two');
  t.strictSame(host.pending, []);
  one.tell({ doneBytes: 0, totalBytes: 0, bytesPerSecond: 0 });
  two.tell({ doneBytes: 1.6e9, totalBytes: 4.7e9, bytesPerSecond: 12_400_000 });
  t.strictSame(host.pending, [
    'model one is being downloaded',
    'model two is being downloaded: 34 % of 4.4 GiB, 11.8 MiB/s',
  ]);
  t.strictSame(host.devices, [], 'no process waits for a download');
  two.finish();
  t.match(await loads[1], { models: [{ name: 'two', device: 'cpu' }], failed: [] });
  t.match(host.pending, ['model one is being downloaded'], 'the one that is here serves already');
  t.equal(scheduler.status().capacity, 1);
  t.match(progress.at(-1), { stage: 'load', model: 'two', device: 'cpu', fraction: 1 });
  one.finish();
  await loads[0];
  t.strictSame(
    host.models.map(({ name }) => name),
    ['two', 'one'],
  );
});

t.test('a download that nobody wants any more is ended', async (t) => {
  const { store, host, load } = rig(t);
  const loading = load('one');
  const { signal } = await store.downloadOf('one');
  t.strictSame(await host.unload('one', undefined), ['cpu']);
  t.ok(signal.aborted);
  t.match(await loading, { models: [], failed: [{ name: 'one', error: { code: 'cancelled' } }] });
  await t.rejects(host.unload('one', undefined), { code: 'unknown_model', message: /there is none/ });
  store.downloads.length = 0;
  const again = load('one');
  (await store.downloadOf('one')).finish();
  t.match(await again, { models: [{ name: 'one' }] });
});

t.test('the replicas of a model share its download', async (t) => {
  const { store, host, load } = rig(t);
  const loading = load('one', { devices: ['0', '1'] });
  (await store.downloadOf('one')).finish();
  t.equal(store.downloads.length, 1);
  while (store.downloads.length < 2) await new Promise((resolve) => setImmediate(resolve));
  store.downloads[1]?.finish();
  const { models } = await loading;
  t.strictSame(models.map(({ device }) => device).sort(), ['0', '1']);
  t.strictSame((await host.unload('one', '0')).concat(await host.unload('one', undefined)), ['0', '1']);
  t.strictSame(host.devices, []);
});

t.test('a device that there is not fails alone', async (t) => {
  const { store, load } = rig(t);
  const loading = load('one', { devices: ['GPU-0a1b', '0'] });
  (await store.downloadOf('one')).finish();
  t.match(await loading, {
    models: [{ device: '0' }],
    failed: [{ device: 'GPU-0a1b', error: { code: 'device_not_found' } }],
  });
});

t.test('the end of the node ends downloads, and nothing begins after it', async (t) => {
  const { store, host, load } = rig(t);
  const loading = load('one');
  const { signal } = await store.downloadOf('one');
  await host.stop();
  t.ok(signal.aborted);
  t.match(await loading, { models: [], failed: [{ error: { code: 'cancelled' } }] });
  await t.rejects(load('two'), { code: 'not_ready' });
  t.strictSame(host.devices, []);
});
