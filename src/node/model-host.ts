import pLimit, { type LimitFunction } from 'p-limit';
import type { Logger } from 'pino';
import type { InferenceConfig, ModelConfig } from '../config/index.js';
import { AtomaError, type ModelInfo } from '../core/index.js';
import type { ModelStore } from '../models/index.js';
import type { Scheduler } from '../scheduler/index.js';
import {
  type Device,
  type Hardware,
  type ModelSpec,
  planBackend,
  type ResolvedDevice,
} from '../workers/index.js';
import { deferred } from './deferred.js';
import { DeviceFleet } from './device-fleet.js';
import type { Machine } from './hardware.js';
import { describeProgress, type ModelProgress } from './model-progress.js';
import { obtainWeights } from './obtain-weights.js';
import { checkPlace, type FailedModel, failureOf, Placement } from './placement.js';

/** Models that are there, and those that could not be brought there; one a device. */
export interface LoadOutcome {
  readonly models: readonly ModelInfo[];
  readonly failed: readonly FailedModel[];
}

/** What became of a model on one device. */
type Placed = { readonly info: ModelInfo } | { readonly info: undefined; readonly failure: FailedModel };

/** What the ways of one model to its devices share. */
interface Way {
  readonly hardware: Hardware;
  readonly oneByOne: LimitFunction;
  readonly onProgress: (progress: ModelProgress) => void;
}

interface Modules {
  readonly machine: Machine;
  readonly store: ModelStore;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  /** Called whenever a model begins to serve on a device. */
  readonly onServing: () => void;
}

/** Which models are on which devices: brings them there and takes them off while the node runs. */
export class ModelHost {
  readonly #config: InferenceConfig;
  readonly #modules: Modules;
  readonly #fleet: DeviceFleet;
  readonly #placements = new Set<Placement>();
  #failed: readonly FailedModel[] = [];
  readonly #stop = new AbortController();
  readonly #stopped: Promise<never>;
  readonly #serving = deferred();

  constructor(config: InferenceConfig, modules: Modules) {
    this.#config = config;
    this.#modules = modules;
    this.#fleet = new DeviceFleet(config, modules);
    this.#stopped = rejectsAt(this.#stop.signal);
  }

  get devices(): readonly Device[] {
    return this.#fleet.devices;
  }

  get models(): readonly ModelInfo[] {
    return this.devices.flatMap(({ models }) => models);
  }

  /** Models of the configuration that did not load, and those that did not load again after a device's death. */
  get failed(): readonly FailedModel[] {
    const lost = this.devices.flatMap(({ id, failures }) =>
      failures.map(({ name, error }) => ({ name, device: id, error })),
    );
    return [...this.#failed, ...lost].sort((one, other) => (placeOf(one) < placeOf(other) ? -1 : 1));
  }

  /** What is still on its way, one sentence each. */
  get pending(): readonly string[] {
    const news = [...this.#placements].flatMap(({ isServing, progress }) =>
      isServing || progress === undefined ? [] : describeProgress(progress),
    );
    return [...new Set(news)];
  }

  /** Resolves when the first model serves. */
  get serving(): Promise<void> {
    return this.#serving.promise;
  }

  get isStopping(): boolean {
    return this.#stop.signal.aborted;
  }

  /**
   * Brings a model to its devices: downloads it where it is not here, and loads it. What goes wrong on one device
   * leaves the others alone.
   * @throws AtomaError `model_unsupported`, `model_not_known`, `model_exists`, before anything was begun.
   */
  async load(request: ModelConfig, onProgress: (progress: ModelProgress) => void): Promise<LoadOutcome> {
    this.#modules.store.check(request);
    // A driver that hangs is not to hold up the end of the node.
    const hardware = await Promise.race([this.#stopped, this.#modules.machine.look(request.devices)]);
    const failed: FailedModel[] = [];
    const places = new Map<string, ResolvedDevice>();
    for (const label of request.devices) {
      try {
        const found = this.#modules.machine.find(label, hardware);
        checkPlace(request, found.device, this.#placements);
        places.set(found.device, found);
      } catch (error) {
        if (error instanceof AtomaError && error.code === 'model_exists') throw error;
        failed.push(failureOf(request.name, label, error));
      }
    }
    // The first one downloads; the others find its files.
    const oneByOne = pLimit(1);
    const outcomes = await Promise.all(
      [...places.values()].map((found) => this.#place(request, found, { hardware, oneByOne, onProgress })),
    );
    const models: ModelInfo[] = [];
    for (const outcome of outcomes) {
      if (outcome.info === undefined) failed.push(outcome.failure);
      else models.push(outcome.info);
    }
    return { models, failed };
  }

  /** Models of the configuration are on their way: tickets for them wait. */
  expect(names: readonly string[]): void {
    for (const name of names) this.#modules.scheduler.expect(name);
  }

  /** Keeps a failure of the start in mind until the model is loaded or unloaded; its tickets need not wait. */
  remember(failed: FailedModel): void {
    this.#failed = [...this.#failed, failed];
    if (![...this.#placements].some(({ name }) => name === failed.name)) {
      this.#modules.scheduler.disappoint(failed.name);
    }
  }

  /**
   * Takes a model off one device, or off all that have it; one that is on its way turns back. Resolves when its
   * memory was given back.
   * @returns the labels of those devices
   * @throws AtomaError `unknown_model`
   */
  async unload(name: string, device: string | undefined): Promise<readonly string[]> {
    const isMeant = (one: { readonly name: string; readonly device: string }): boolean =>
      one.name === name && (device === undefined || one.device === device);
    const leaving = [...this.#placements].filter((placement) => isMeant(placement) && !placement.isLeaving);
    const forgotten = this.#failed.filter(isMeant).map((failed) => failed.device);
    if (leaving.length + forgotten.length === 0) throw this.#unknown(name, device);
    this.#failed = this.#failed.filter((failed) => !isMeant(failed));
    for (const placement of leaving) placement.isLeaving = true;
    // First, so that who waits hears of the unload and not of a device that was given up.
    if (![...this.#placements].some((other) => other.name === name && !other.isLeaving)) {
      this.#modules.scheduler.forget(name);
    }
    await Promise.all(leaving.map((placement) => this.#takeOff(placement)));
    return [...new Set([...leaving.map((placement) => placement.device), ...forgotten])];
  }

  /** Ends what is on its way, and every device. */
  async stop(): Promise<void> {
    this.#stop.abort();
    for (const placement of this.#placements) placement.giveUp();
    await this.#fleet.stop();
    await Promise.all([...this.#placements].map(({ settled }) => settled));
  }

  async #place(request: ModelConfig, found: ResolvedDevice, way: Way): Promise<Placed> {
    const lost = [...this.#placements].find(
      ({ name, device, isLost }) => name === request.name && device === found.device && isLost,
    );
    if (lost !== undefined) this.#placements.delete(lost);
    const placement = new Placement(request, found.device);
    if (this.isStopping) placement.giveUp();
    this.#placements.add(placement);
    const bringing = this.#bring(placement, found, way);
    placement.settled = bringing.catch(() => undefined);
    try {
      const info = await bringing;
      const { name, device } = placement;
      this.#failed = this.#failed.filter((failed) => failed.name !== name || failed.device !== device);
      return { info };
    } catch (error) {
      this.#placements.delete(placement);
      return { info: undefined, failure: failureOf(request.name, found.device, error) };
    } finally {
      if (lost?.on !== undefined) await this.#fleet.release(lost.on);
    }
  }

  async #bring(placement: Placement, found: ResolvedDevice, way: Way): Promise<ModelInfo> {
    const { request, abort } = placement;
    const { name } = request;
    const tell = (progress: ModelProgress): void => {
      placement.progress = progress;
      way.onProgress(progress);
    };
    const plan = planBackend(request.backend, found, way.hardware);
    const obtained = await way.oneByOne(() => {
      placement.checkWanted();
      return obtainWeights(this.#modules.store, request, plan, {
        signal: abort.signal,
        onProgress: (progress) => tell({ stage: 'download', model: name, ...progress }),
      });
    });
    const { backend, reason } = plan.backendOf(obtained.weights.format);
    const where = { model: name, device: found.device, backend };
    this.#modules.logger.info(where, `${name} is to run on ${backend} on device ${found.device}: ${reason}`);
    const device = await this.#fleet.use(found);
    try {
      placement.checkWanted();
      placement.on = device;
      const spec: ModelSpec = {
        ...{ name, ...obtained, backend, backendReason: reason },
        ...{ useFlashAttention: request.useFlashAttention, ...this.#config.pool },
      };
      tell({ stage: 'load', model: name, device: found.device, fraction: 0 });
      const info = await device.load(spec, (_, fraction) =>
        tell({ stage: 'load', model: name, device: found.device, fraction }),
      );
      placement.checkWanted();
      placement.isServing = true;
      this.#modules.scheduler.serve(name, info.contextSize);
      this.#modules.logger.info(
        { model: name, device: found.device, backend, profile: info.profile },
        `serving ${name} on device ${found.device}: ${info.profile.verdict}: ${info.verdictReason}`,
      );
      this.#serving.resolve();
      this.#modules.onServing();
      return info;
    } catch (error) {
      await this.#fleet.release(device);
      throw error;
    }
  }

  async #takeOff(placement: Placement): Promise<void> {
    const { name, on, isServing } = placement;
    placement.giveUp();
    // A device that is being stopped holds nothing any more.
    await on?.unload(name).catch(() => undefined);
    if (!isServing) {
      await placement.settled;
      return;
    }
    this.#placements.delete(placement);
    if (on !== undefined) await this.#fleet.release(on);
  }

  #unknown(name: string, device: string | undefined): AtomaError {
    const there = [...this.#placements].filter(({ isLeaving }) => !isLeaving);
    const list = there.map((placement) => `${placement.name} on ${placement.device}`).join(', ');
    const where = device === undefined ? '' : ` on device ${device}`;
    return new AtomaError(
      'unknown_model',
      `there is no model ${name}${where} to unload; there is ${list || 'none'}`,
      { fields: { model: name } },
    );
  }
}

function placeOf({ name, device }: FailedModel): string {
  return `${name} on ${device}`;
}

/** @returns rejects with `not_ready` when the node stops */
function rejectsAt(stop: AbortSignal): Promise<never> {
  const stopped = new Promise<never>((_, reject) => {
    stop.addEventListener('abort', () =>
      reject(new AtomaError('not_ready', 'the node is stopping and loads no more models')),
    );
  });
  stopped.catch(() => undefined);
  return stopped;
}
