import type { Logger } from 'pino';
import {
  AtomaError,
  type Completion,
  type Executor,
  type Job,
  type JobOptions,
  type ModelInfo,
  messageOf,
  pause,
} from '../core/index.js';
import { reportDeath } from './death-report.js';
import { DEVICE_DEFAULTS, type DeviceOptions } from './device-options.js';
import { type Death, DeviceProcess } from './device-process.js';
import { type HeldModel, HeldModels, type ModelFailure } from './held-models.js';
import type { LoadProgress } from './pending-models.js';
import type { DeviceSpec, ModelSpec } from './protocol.js';
import { RestartPolicy } from './restart-policy.js';
import { unloaded } from './running-jobs.js';

/**
 * `loading` until a first model is loaded; `restarting` the time from a death until what it held was loaded again;
 * `quarantined` a device that died too often to be tried again.
 */
export type DeviceState = 'stopped' | 'loading' | 'ready' | 'restarting' | 'quarantined';

/**
 * Processes that may die while they load a model, where the device has others to serve: once may be bad luck, and
 * each time costs the others their jobs.
 */
const MAX_LOAD_DEATHS = 2;

/**
 * A device as the node uses it: models come and go, and the process that runs them is started again where it dies
 * or hangs, with the models that it held.
 */
export class Device implements Executor {
  readonly id: string;
  readonly #spec: DeviceSpec;
  readonly #options: DeviceOptions;
  readonly #logger: Logger;
  readonly #policy: RestartPolicy;
  readonly #held = new HeldModels();
  #state: DeviceState = 'stopped';
  #process: DeviceProcess | undefined;
  /** The process whose loads go on, one after another. */
  #loadingIn: DeviceProcess | undefined;
  #restarts = 0;
  #lastFault: string | undefined;
  #readyAt = 0;
  #stopping = new AbortController();
  #recovering: Promise<void> = Promise.resolve();
  #onChange: () => void = () => undefined;

  /** @param options what is to differ from {@link DEVICE_DEFAULTS} */
  constructor(
    spec: DeviceSpec,
    options: Partial<DeviceOptions> | undefined,
    modules: { readonly logger: Logger },
  ) {
    this.id = spec.device;
    this.#spec = spec;
    this.#options = { ...DEVICE_DEFAULTS, ...options };
    this.#logger = modules.logger.child({ device: this.id });
    this.#policy = new RestartPolicy(this.#options);
  }

  get state(): DeviceState {
    return this.#state;
  }

  /** How often its process was started again since {@link Device.start}. */
  get restarts(): number {
    return this.#restarts;
  }

  /** What ended its process last. */
  get lastFault(): string | undefined {
    return this.#lastFault;
  }

  /** Of the process that runs now, or ran last. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** The models it holds; while it restarts, those it held before. */
  get models(): readonly ModelInfo[] {
    return this.#held.infos;
  }

  /** Models that it held and that did not load again after a death. */
  get failures(): readonly ModelFailure[] {
    return this.#held.failures;
  }

  serves(model: string): boolean {
    if (!this.#isUp) return false;
    const held = this.#held.get(model);
    return held !== undefined && !held.isLeaving;
  }

  capacity(model: string): number {
    return this.#held.get(model)?.capacity ?? 0;
  }

  exclusiveCapacity(model: string): number | undefined {
    return this.#held.get(model)?.exclusiveCapacity;
  }

  /**
   * Starts the process, without a model. From then on it is started again whenever it dies, until it has died too
   * often, and none of this throws.
   * @param onChange called when `state` or what it serves has changed; there may be new capacity
   */
  start(onChange: () => void): void {
    this.#stopping = new AbortController();
    this.#onChange = onChange;
    this.#set('loading');
    this.#launch();
  }

  /**
   * Loads a model, after those that are being loaded. A process that dies under it gets another try, or, where it
   * would hold nothing else, as many as any device.
   * @throws AtomaError `model_load_failed`; `model_exists`; `cancelled` where it was unloaded meanwhile;
   * `device_died` where the device is stopped or quarantined, or was meanwhile.
   */
  async load(spec: ModelSpec, onProgress: LoadProgress): Promise<ModelInfo> {
    if (!this.#isUp) throw this.#died(`is ${this.#state}`);
    const { loaded } = this.#held.add(spec, onProgress);
    this.#loadWaiting();
    return loaded;
  }

  /**
   * Takes a model off: at once it gets no more jobs; those that run may end within `unloadGraceMs`, and then end
   * with `model_unloaded`. Resolves when its memory was given back.
   * @throws AtomaError `unknown_model`.
   */
  async unload(name: string): Promise<void> {
    const held = this.#held.get(name);
    if (held === undefined || held.isLeaving) {
      if (this.#held.forgetFailure(name)) return;
      throw new AtomaError('unknown_model', `device ${this.id} holds no model ${name}`, {
        fields: { model: name, device: this.id },
      });
    }
    held.isLeaving = true;
    held.reject(new AtomaError('cancelled', `the model ${name} was unloaded before its load was through`));
    this.#onChange();
    await held.loading;
    const unloaded = held.state === 'serving' && this.#process?.unload(name, this.#options.unloadGraceMs);
    // Where the process dies, its memory is given back by that.
    if (unloaded) await unloaded.catch(() => undefined);
    this.#held.remove(held);
    this.#onChange();
  }

  /** Ends the process and waits until it is gone; what runs and loads is rejected with `device_died`. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#held.clear(this.#died('was stopped'));
    this.#set('stopped');
    await this.#process?.stop();
    await this.#recovering;
  }

  run(job: Job, options: JobOptions): Promise<Completion> {
    const { model } = job.params;
    if (this.capacity(model) > 0 && this.#process !== undefined) return this.#process.run(job, options);
    return Promise.reject(
      this.#held.get(model)?.isLeaving ? unloaded(model) : this.#died(`is ${this.#state}`),
    );
  }

  get #isUp(): boolean {
    return this.#state !== 'stopped' && this.#state !== 'quarantined';
  }

  #launch(): void {
    try {
      const process: DeviceProcess = new DeviceProcess(this.#spec, this.#options, {
        logger: this.#logger,
        onDeath: (death) => this.#fell(death.error, death),
      });
      this.#process = process;
      this.#loadWaiting();
    } catch (error) {
      this.#fell(this.#died(`cannot be started: ${messageOf(error)}`));
    }
  }

  #loadWaiting(): void {
    const process = this.#process;
    if (process === undefined || process.isDead || process === this.#loadingIn) return;
    this.#loadingIn = process;
    void this.#loadInto(process);
  }

  /** Never throws: what happens to the process is told to {@link Device.#fell}. */
  async #loadInto(process: DeviceProcess): Promise<void> {
    await process.ready().catch(() => undefined);
    this.#afterLoad(process);
    for (let held = this.#held.next(); held !== undefined && !process.isDead; held = this.#held.next()) {
      held.loading = this.#loadOne(process, held);
      await held.loading;
      this.#afterLoad(process);
    }
    if (this.#loadingIn === process) this.#loadingIn = undefined;
  }

  async #loadOne(process: DeviceProcess, held: HeldModel): Promise<void> {
    held.state = 'loading';
    try {
      const info = await process.load(held.spec, held.onProgress);
      if (process.isDead) return;
      held.served(info);
    } catch (error) {
      if (process.isDead) return;
      const failure = error instanceof AtomaError ? error : new AtomaError('internal', messageOf(error));
      if (held.info === undefined) this.#held.fail(held, failure);
      else held.failed(failure);
    }
  }

  /** Makes of the models that are loaded, and of those that could not be, what the device is. */
  #afterLoad(process: DeviceProcess): void {
    if (process.isDead || this.#held.isRestoring) return;
    const { failed, isServing } = this.#held;
    if (failed.length > 0 && !isServing) {
      if (this.#held.next() === undefined) this.#recovering = this.#fellBare(process, failed);
      return;
    }
    for (const { held, error } of failed) {
      this.#logger.error({ model: held.name }, `${held.name} is not served any more: ${error.message}`);
      this.#held.fail(held, error);
    }
    if (this.#state === 'restarting') {
      this.#logger.info({ restarts: this.#restarts }, `device ${this.id} is back`);
    }
    if (this.#state === 'restarting' || (this.#state === 'loading' && isServing)) {
      this.#readyAt = performance.now();
      this.#set('ready');
    } else this.#onChange();
  }

  /** A process into which nothing loads again is of no use: that counts as a death. */
  async #fellBare(process: DeviceProcess, failed: HeldModels['failed']): Promise<void> {
    await process.stop();
    if (this.#stopping.signal.aborted) return;
    const problems = failed.map(({ error }) => error.message);
    this.#fell(new AtomaError('model_load_failed', problems.join('\n')));
  }

  /** Runs to its end at once, before anybody else learns of the death. */
  #fell(error: AtomaError, death?: Death): void {
    const ranMs = this.#state === 'ready' ? performance.now() - this.#readyAt : 0;
    this.#held.lost();
    for (const held of this.#held.killers(MAX_LOAD_DEATHS)) {
      const message = `cannot load ${held.name}: ${error.message}, for the ${held.loadDeaths}. time under this load`;
      this.#logger.error({ model: held.name }, message);
      this.#held.fail(held, new AtomaError('model_load_failed', message, { cause: error }));
    }
    this.#lastFault = error.message;
    const waitMs = this.#policy.afterDeath(ranMs);
    const { deaths } = this.#policy;
    const facts = { device: this.id, fault: error.message, process: this.pid, ranMs, deaths, waitMs };
    reportDeath(this.#logger, facts, death);
    if (waitMs === undefined) {
      this.#held.failNewcomers(error);
      this.#set('quarantined');
      return;
    }
    this.#recovering = this.#launchAfter(waitMs);
    if (this.#state === 'ready') this.#set('restarting');
  }

  async #launchAfter(waitMs: number): Promise<void> {
    const { signal } = this.#stopping;
    await Promise.all([this.#process?.gone(), pause(waitMs, signal)]);
    if (signal.aborted) return;
    this.#restarts++;
    this.#launch();
  }

  #set(state: DeviceState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#onChange();
  }

  #died(how: string): AtomaError {
    return new AtomaError('device_died', `the process of device ${this.id} ${how}`, {
      fields: { device: this.id },
    });
  }
}
