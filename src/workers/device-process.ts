import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import {
  AtomaError,
  type Completion,
  type Executor,
  fromErrorData,
  type Job,
  type JobOptions,
  type ModelInfo,
} from '../core/index.js';
import type { DeviceSpec, FromDevice, ToDevice } from './protocol.js';

export type DeviceState = 'stopped' | 'loading' | 'ready' | 'dead';

/** Called while a model loads; `fraction` goes from 0 to 1. */
export type LoadProgress = (model: string, fraction: number) => void;

interface PendingJob {
  readonly options: JobOptions;
  readonly resolve: (completion: Completion) => void;
  readonly reject: (error: unknown) => void;
}

/** How long a device process may take to leave by itself before it is killed, ms. */
const EXIT_GRACE_MS = 2000;

/** The main process's end of one device process. */
export class DeviceProcess implements Executor {
  readonly id: string;
  readonly #spec: DeviceSpec;
  readonly #logger: Logger;
  readonly #models = new Map<string, ModelInfo>();
  readonly #jobs = new Map<number, PendingJob>();
  #state: DeviceState = 'stopped';
  #child: ChildProcess | undefined;
  #nextJob = 1;

  constructor(spec: DeviceSpec, modules: { readonly logger: Logger }) {
    this.#spec = spec;
    this.id = String(spec.device);
    this.#logger = modules.logger.child({ device: this.id });
  }

  get state(): DeviceState {
    return this.#state;
  }

  /** Models that are loaded and ready. */
  get models(): readonly ModelInfo[] {
    return [...this.#models.values()];
  }

  serves(model: string): boolean {
    return this.#spec.models.some(({ name }) => name === model) && this.#state !== 'dead';
  }

  capacity(model: string): number {
    const info = this.#models.get(model);
    return info === undefined || this.#state === 'dead' ? 0 : info.workers * info.sequencesPerWorker;
  }

  /**
   * Starts the process and loads its models.
   * @param onDeath called where the process ends unasked after its models were loaded
   * @throws AtomaError `model_load_failed` naming every model that did not load, `device_died`.
   */
  async start(onProgress: LoadProgress, onDeath: (error: AtomaError) => void): Promise<void> {
    this.#state = 'loading';
    const child = fork(new URL('./device.js', import.meta.url), [], {
      env: deviceEnvironment(this.#spec, process.env),
      serialization: 'advanced',
      execArgv: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child = child;
    const failures: AtomaError[] = [];
    await new Promise<void>((resolve, reject) => {
      const died = (how: string): void => this.#died(how, this.#state === 'ready' ? onDeath : reject);
      child.on('message', (message: FromDevice) => {
        if (message.type === 'progress') onProgress(message.model, message.fraction);
        else if (message.type === 'load_failed') failures.push(fromErrorData(message.error));
        else if (message.type === 'ready') resolve();
        else this.#receive(message);
      });
      child.once('error', (error) => died(`cannot start: ${error.message}`));
      child.once('exit', (code, signal) =>
        died(signal === null ? `exited with code ${code}` : `was killed by ${signal}`),
      );
      this.#send({ type: 'load', spec: this.#spec });
    });
    if (failures.length > 0) {
      await this.stop();
      throw new AtomaError('model_load_failed', failures.map((failure) => failure.message).join('\n'));
    }
    this.#state = 'ready';
  }

  run(job: Job, options: JobOptions): Promise<Completion> {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(new AtomaError('cancelled', 'the job was cancelled'));
      if (this.#state === 'dead') return reject(new AtomaError('device_died', `device ${this.id} is down`));
      const number = this.#nextJob++;
      const cancel = (): void => this.#send({ type: 'cancel', job: number });
      const settle =
        <T>(done: (value: T) => void) =>
        (value: T): void => {
          this.#jobs.delete(number);
          signal.removeEventListener('abort', cancel);
          done(value);
        };
      this.#jobs.set(number, { options, resolve: settle(resolve), reject: settle(reject) });
      signal.addEventListener('abort', cancel, { once: true });
      this.#send({ type: 'run', job: number, model: job.params.model, params: job.params });
    });
  }

  /** Ends the process; jobs that still run are rejected with `device_died`. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#state = 'stopped';
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    if (child.connected) child.disconnect();
    const grace = new AbortController();
    const timeout = delay(EXIT_GRACE_MS, 'late', { signal: grace.signal }).catch(() => undefined);
    if ((await Promise.race([exited, timeout])) === 'late') child.kill('SIGKILL');
    await exited;
    grace.abort();
  }

  #receive(message: Extract<FromDevice, { type: 'tokens' | 'done' | 'loaded' | 'warning' }>): void {
    if (message.type === 'tokens') {
      for (const [number, index, text, tokens] of message.frames) {
        this.#jobs.get(number)?.options.onTokens({ index, text, tokens });
      }
    } else if (message.type === 'done') {
      const pending = this.#jobs.get(message.job);
      if (message.outcome.ok) pending?.resolve(message.outcome.completion);
      else pending?.reject(fromErrorData(message.outcome.error));
    } else if (message.type === 'loaded') this.#models.set(message.model.name, message.model);
    else this.#logger.warn(message.message);
  }

  #died(how: string, report: (error: AtomaError) => void): void {
    const error = new AtomaError('device_died', `the process of device ${this.id} ${how}`, {
      fields: { device: this.id },
    });
    if (this.#state !== 'stopped') {
      this.#state = 'dead';
      this.#logger.error({ jobs: this.#jobs.size }, error.message);
    }
    this.#models.clear();
    for (const pending of [...this.#jobs.values()]) pending.reject(error);
    report(error);
  }

  #send(message: ToDevice): void {
    // A closed channel means that 'exit' is on its way, which rejects what is pending.
    if (this.#child?.connected) this.#child.send(message, () => undefined);
  }
}

/**
 * What a device process finds in its environment: its own GPU alone, and libuv threads for the decode calls
 * of its workers, which block one each.
 */
function deviceEnvironment(spec: DeviceSpec, base: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const workers = spec.models.reduce((sum, model) => sum + (model.workers ?? availableParallelism()), 0);
  const env: NodeJS.ProcessEnv = { UV_THREADPOOL_SIZE: String(Math.max(1, workers)), ...base };
  if (spec.device !== 'cpu') {
    env['CUDA_DEVICE_ORDER'] = 'PCI_BUS_ID';
    env['CUDA_VISIBLE_DEVICES'] = String(spec.device);
    env['GGML_VK_VISIBLE_DEVICES'] = String(spec.device);
  }
  return env;
}
