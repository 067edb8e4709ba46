import { type AtomaError, fromErrorData, type ModelInfo } from '../core/index.js';
import type { DeviceOptions } from './device-options.js';
import type { HealthWatch } from './health-watch.js';
import type { FromDevice } from './protocol.js';

/** Called while a model loads; `fraction` goes from 0 to 1. */
export type LoadProgress = (model: string, fraction: number) => void;

type Limits = Pick<DeviceOptions, 'loadLimitMs' | 'unloadLimitMs'>;

interface PendingLoad {
  readonly onProgress: LoadProgress;
  readonly resolve: (info: ModelInfo) => void;
  readonly reject: (error: AtomaError) => void;
}

interface PendingUnload {
  readonly resolve: () => void;
  readonly reject: (error: AtomaError) => void;
}

/** Messages that answer for a model. */
type ModelMessage = Extract<FromDevice, { type: 'progress' | 'loaded' | 'load_failed' | 'unloaded' }>;

/** The models that a device process was asked to load or to unload and has not answered for. */
export class PendingModels {
  readonly #limits: Limits;
  readonly #watch: HealthWatch;
  readonly #loads = new Map<string, PendingLoad>();
  readonly #unloads = new Map<string, PendingUnload>();

  constructor(options: Limits, modules: { readonly watch: HealthWatch }) {
    this.#limits = options;
    this.#watch = modules.watch;
  }

  /** @throws AtomaError what the load ends with. */
  load(model: string, onProgress: LoadProgress, send: () => void): Promise<ModelInfo> {
    return new Promise((resolve, reject) => {
      this.#loads.set(model, { onProgress, resolve, reject });
      this.#watch.begin(`load ${model}`, `loading ${model}`, this.#limits.loadLimitMs);
      send();
    });
  }

  unload(model: string, send: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#unloads.set(model, { resolve, reject });
      this.#watch.begin(`unload ${model}`, `unloading ${model}`, this.#limits.unloadLimitMs);
      send();
    });
  }

  receive(message: ModelMessage): void {
    if (message.type === 'progress') {
      this.#watch.goesOn(`load ${message.model}`);
      this.#loads.get(message.model)?.onProgress(message.model, message.fraction);
    } else if (message.type === 'loaded') this.#loaded(message.model.name)?.resolve(message.model);
    else if (message.type === 'load_failed') {
      this.#loaded(message.model)?.reject(fromErrorData(message.error));
    } else this.#unloaded(message.model)?.resolve();
  }

  rejectAll(error: AtomaError): void {
    for (const pending of [...this.#loads.values(), ...this.#unloads.values()]) pending.reject(error);
    this.#loads.clear();
    this.#unloads.clear();
  }

  #loaded(model: string): PendingLoad | undefined {
    const load = this.#loads.get(model);
    this.#loads.delete(model);
    this.#watch.end(`load ${model}`);
    return load;
  }

  #unloaded(model: string): PendingUnload | undefined {
    const unload = this.#unloads.get(model);
    this.#unloads.delete(model);
    this.#watch.end(`unload ${model}`);
    return unload;
  }
}
