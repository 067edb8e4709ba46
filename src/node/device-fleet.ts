import type { Logger } from 'pino';
import type { InferenceConfig } from '../config/index.js';
import { AtomaError } from '../core/index.js';
import type { Scheduler } from '../scheduler/index.js';
import { Device, type ResolvedDevice, workersFor } from '../workers/index.js';

interface Used {
  readonly device: Device;
  /** Models that are on it, or on their way. */
  users: number;
}

interface Modules {
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

/** The devices with models on them: each has a process from its first model to its last. */
export class DeviceFleet {
  readonly #config: InferenceConfig;
  readonly #modules: Modules;
  readonly #used = new Map<string, Used>();
  /** Devices whose process is about to end, by label. */
  readonly #ending = new Map<string, Promise<void>>();
  #stopped = false;

  constructor(config: InferenceConfig, modules: Modules) {
    this.#config = config;
    this.#modules = modules;
  }

  get devices(): readonly Device[] {
    return [...this.#used.values()].map(({ device }) => device);
  }

  /**
   * The device, started where nothing uses it yet, for one more model; to be given back with
   * {@link DeviceFleet.release}.
   * @throws AtomaError `not_ready` after {@link DeviceFleet.stop}.
   */
  async use(found: ResolvedDevice): Promise<Device> {
    // Its memory is free only when the former process is gone.
    while (this.#ending.has(found.device)) await this.#ending.get(found.device);
    if (this.#stopped) throw new AtomaError('not_ready', 'the node is stopping and loads no more models');
    const used = this.#used.get(found.device) ?? this.#start(found);
    used.users++;
    return used.device;
  }

  /** Gives a device back; the last one ends its process, which gives back all of its memory. */
  async release(device: Device): Promise<void> {
    const used = this.#used.get(device.id);
    if (used?.device !== device || --used.users > 0) return;
    this.#used.delete(device.id);
    const ending = device.stop();
    this.#ending.set(device.id, ending);
    await ending;
    this.#ending.delete(device.id);
    this.#modules.scheduler.removeExecutor(device);
  }

  /** Ends every process. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.devices.map((device) => device.stop()), ...this.#ending.values()]);
  }

  #start(found: ResolvedDevice): Used {
    const { scheduler, logger } = this.#modules;
    const { device: label, gpu, visible } = found;
    const device = new Device(
      { device: label, gpu, visible },
      { expectedWorkers: this.#expectedWorkers(found) },
      { logger },
    );
    const used = { device, users: 0 };
    this.#used.set(device.id, used);
    device.start(() => scheduler.refresh());
    scheduler.addExecutor(device);
    return used;
  }

  /** Of all models that the configuration puts there; at least of one, which may come later. */
  #expectedWorkers({ device, gpu }: ResolvedDevice): number {
    const { models, pool } = this.#config;
    const configured = models.filter(({ devices }) => devices.includes(device)).length;
    return Math.max(1, configured) * workersFor(pool.workers, gpu !== false);
  }
}
