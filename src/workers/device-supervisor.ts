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
import { DEVICE_DEFAULTS, type DeviceOptions } from './device-options.js';
import { type Death, DeviceProcess, type LoadProgress } from './device-process.js';
import type { DeviceSpec } from './protocol.js';
import { RestartPolicy } from './restart-policy.js';

/**
 * `loading` is the first load; `restarting` the time from a death to the end of the load after it;
 * `quarantined` a device that died too often to be tried again.
 */
export type DeviceState = 'stopped' | 'loading' | 'ready' | 'restarting' | 'quarantined';

/** A device as the node uses it: the process that runs its models, started again where it dies or hangs. */
export class Device implements Executor {
  readonly id: string;
  readonly #spec: DeviceSpec;
  readonly #options: DeviceOptions;
  readonly #logger: Logger;
  readonly #policy: RestartPolicy;
  #state: DeviceState = 'stopped';
  #process: DeviceProcess | undefined;
  #models: readonly ModelInfo[] = [];
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
    return this.#models;
  }

  serves(model: string): boolean {
    if (this.#state === 'stopped' || this.#state === 'quarantined') return false;
    return this.#spec.models.some(({ name }) => name === model);
  }

  capacity(model: string): number {
    if (this.#state !== 'ready') return 0;
    const info = this.#models.find(({ name }) => name === model);
    return info === undefined ? 0 : info.workers * info.sequencesPerWorker;
  }

  /**
   * Starts the process and loads its models. Once that went well, it is started again whenever it dies, and
   * none of this throws any more.
   * @param onChange called at every change of `state`; at one to `ready` there is new capacity
   * @throws AtomaError of the first load: `model_load_failed` naming every model that did not load;
   * `device_died` where the process died too often, or where {@link Device.stop} came before its end.
   */
  async start(onProgress: LoadProgress, onChange: () => void): Promise<void> {
    this.#stopping = new AbortController();
    this.#onChange = onChange;
    this.#set('loading');
    for (;;) {
      try {
        await this.#launch(onProgress);
        return;
      } catch (error) {
        if (!(await this.#mayLoadAgain(error))) {
          await this.stop();
          throw error;
        }
      }
    }
  }

  /** A process that died under its first load gets the same second chances as one that dies later. */
  async #mayLoadAgain(error: unknown): Promise<boolean> {
    const { signal } = this.#stopping;
    if (signal.aborted || !(error instanceof AtomaError) || error.code !== 'device_died') return false;
    const waitMs = this.#afterDeath(error, 0);
    if (waitMs === undefined) return false;
    await Promise.all([this.#process?.gone(), pause(waitMs, signal)]);
    this.#restarts++;
    return !signal.aborted;
  }

  /** Ends the process and waits until it is gone; jobs that still run are rejected with `device_died`. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#set('stopped');
    await this.#process?.stop();
    await this.#recovering;
  }

  run(job: Job, options: JobOptions): Promise<Completion> {
    if (this.#state === 'ready' && this.#process !== undefined) return this.#process.run(job, options);
    const error = new AtomaError('device_died', `device ${this.id} is ${this.#state}`, {
      fields: { device: this.id },
    });
    return Promise.reject(error);
  }

  async #launch(onProgress: LoadProgress): Promise<void> {
    this.#process = new DeviceProcess(this.#spec, this.#options, {
      logger: this.#logger,
      onDeath: (death) => this.#onDeath(death),
    });
    const models = await this.#process.load(onProgress);
    if (this.#stopping.signal.aborted) return;
    this.#models = models;
    this.#readyAt = performance.now();
    this.#set('ready');
  }

  /** A death while models load reaches the one who waits for the load. */
  #onDeath(death: Death): void {
    if (this.#state === 'ready') this.#recovering = this.#recover(death);
  }

  /** Never throws. Up to the first waiting time it runs at once, before anybody learns of the death. */
  async #recover(death: Death): Promise<void> {
    const { signal } = this.#stopping;
    let waitMs = this.#afterDeath(death.error, performance.now() - this.#readyAt, death);
    while (waitMs !== undefined) {
      this.#set('restarting');
      await Promise.all([this.#process?.gone(), pause(waitMs, signal)]);
      if (signal.aborted) return;
      this.#restarts++;
      try {
        await this.#launch(() => undefined);
        if (!signal.aborted) this.#logger.info({ restarts: this.#restarts }, `device ${this.id} is back`);
        return;
      } catch (error) {
        if (signal.aborted) return;
        await this.#process?.stop();
        waitMs = this.#afterDeath(error, 0);
      }
    }
    if (!signal.aborted) this.#set('quarantined');
  }

  /** Tells of a death, and says how long to wait before the next start; undefined: there is none. */
  #afterDeath(error: unknown, ranMs: number, death?: Death): number | undefined {
    const fault = messageOf(error);
    this.#lastFault = fault;
    const waitMs = this.#policy.afterDeath(ranMs);
    const facts = {
      process: this.pid,
      exitCode: death?.exitCode ?? null,
      signal: death?.signal ?? null,
      jobs: death?.jobs ?? 0,
      ranMs: Math.round(ranMs),
      deaths: this.#policy.deaths,
    };
    if (waitMs !== undefined) {
      this.#logger.error(
        { ...facts, restartInMs: waitMs },
        `${fault}; its ${facts.jobs} jobs end, and it is started again in ${waitMs} ms`,
      );
      return waitMs;
    }
    this.#logger.error(
      facts,
      `device ${this.id} is quarantined: it died ${facts.deaths} times in a row without a good run, at last: ${fault}. It gets no more jobs. Check its memory, driver and model files, then start the node again.`,
    );
    return undefined;
  }

  #set(state: DeviceState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#onChange();
  }
}
