import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import {
  AtomaError,
  type Completion,
  fromErrorData,
  type Job,
  type JobOptions,
  type ModelInfo,
} from '../core/index.js';
import { deviceEnvironment } from './device-environment.js';
import type { DeviceOptions } from './device-options.js';
import { HealthWatch } from './health-watch.js';
import type { DeviceSpec, FromDevice, ToDevice } from './protocol.js';
import { RunningJobs } from './running-jobs.js';

/** Called while a model loads; `fraction` goes from 0 to 1. */
export type LoadProgress = (model: string, fraction: number) => void;

/** How a device process came to its end. */
export interface Death {
  /** `device_died`, with the cause in words. */
  readonly error: AtomaError;
  /** Of a process that exited by itself. */
  readonly exitCode: number | null;
  /** Of a process that was killed, by the system, the engine or somebody. */
  readonly signal: NodeJS.Signals | null;
  /** Jobs it held, which end with `error`. */
  readonly jobs: number;
}

interface Load {
  readonly onProgress: LoadProgress;
  readonly models: ModelInfo[];
  readonly failures: AtomaError[];
  readonly resolve: (models: readonly ModelInfo[]) => void;
  readonly reject: (error: AtomaError) => void;
}

/** How long a process whose channel closed may take to end by itself, so that its exit code is seen, ms. */
const EXIT_GRACE_MS = 2000;
/** How long the system may take to end a killed process; one stuck in a driver may never end, ms. */
const KILL_GRACE_MS = 5000;

/** The life of one child process: it is started, loads its models once, runs jobs, and dies. */
export class DeviceProcess {
  readonly #spec: DeviceSpec;
  readonly #options: DeviceOptions;
  readonly #logger: Logger;
  readonly #onDeath: (death: Death) => void;
  readonly #jobs = new RunningJobs();
  readonly #watch: HealthWatch;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #load: Load | undefined;
  #dead = false;

  /**
   * Starts the process.
   * @param modules.onDeath called once if it ends unasked, before its jobs are rejected
   * @throws where the system refuses at once to start it.
   */
  constructor(
    spec: DeviceSpec,
    options: DeviceOptions,
    modules: { readonly logger: Logger; readonly onDeath: (death: Death) => void },
  ) {
    this.#spec = spec;
    this.#options = options;
    this.#logger = modules.logger;
    this.#onDeath = modules.onDeath;
    this.#watch = new HealthWatch(options, (how) => this.#end(how));
    this.#child = fork(options.script, [String(process.pid)], {
      env: deviceEnvironment(spec, process.env),
      serialization: 'advanced',
      execArgv: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#exited = this.#follow(this.#child);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Loads the models of the spec; called once.
   * @throws AtomaError `model_load_failed` naming every model that did not load, `device_died`.
   */
  load(onProgress: LoadProgress): Promise<readonly ModelInfo[]> {
    return new Promise((resolve, reject) => {
      this.#load = { onProgress, models: [], failures: [], resolve, reject };
      this.#watch.start();
      this.#send({
        type: 'load',
        spec: this.#spec,
        heartbeatIntervalMs: this.#options.heartbeatIntervalMs,
      });
    });
  }

  /** @throws AtomaError as {@link Executor.run} does. */
  run(job: Job, options: JobOptions): Promise<Completion> {
    if (this.#dead) return Promise.reject(this.#died('has ended'));
    return this.#jobs.run(
      options,
      (number) => this.#send({ type: 'run', job: number, model: job.params.model, params: job.params }),
      (number) => this.#send({ type: 'cancel', job: number }),
    );
  }

  /** Ends the process; what it does is rejected with `device_died`. Resolves when it is gone. */
  async stop(): Promise<void> {
    if (!this.#dead) this.#bury(this.#died('was stopped'));
    await this.gone();
  }

  /** Waits until a process that died is gone, but not for ever for one that the system cannot end. */
  async gone(): Promise<void> {
    const waiting = new AbortController();
    const late = sleep(KILL_GRACE_MS, 'late', { signal: waiting.signal }).catch(() => undefined);
    if ((await Promise.race([this.#exited, late])) === 'late') {
      this.#logger.warn(
        { process: this.pid },
        `process ${this.pid} was killed ${KILL_GRACE_MS} ms ago and is still there: most likely a driver holds it`,
      );
    }
    waiting.abort();
  }

  /** @returns settles when the process is gone */
  #follow(child: ChildProcess): Promise<void> {
    child.on('message', (message: FromDevice) => this.#receive(message));
    child.once('disconnect', () => this.#onDisconnect());
    return new Promise((resolve) => {
      child.on('error', (error) => {
        // Without a pid it never came to be, and no 'exit' follows.
        if (child.pid !== undefined) return this.#logger.warn({ err: error }, 'device process');
        this.#end(`cannot be started: ${error.message}`);
        resolve();
      });
      child.once('exit', (code, signal) => {
        this.#end(endOf(code, signal), code, signal);
        resolve();
      });
    });
  }

  #receive(message: FromDevice): void {
    if (message.type === 'tokens') this.#jobs.frames(message.frames);
    else if (message.type === 'done') this.#jobs.done(message.job, message.outcome);
    else if (message.type === 'beat') this.#watch.beat(message.workers);
    else if (message.type === 'warning') this.#logger.warn(message.message);
    else if (message.type === 'fault') this.#end(message.message);
    else this.#receiveOfLoad(message);
  }

  #receiveOfLoad(
    message: Extract<FromDevice, { type: 'progress' | 'loaded' | 'load_failed' | 'ready' }>,
  ): void {
    const load = this.#load;
    if (load === undefined || this.#dead) return;
    this.#watch.loading();
    if (message.type === 'progress') load.onProgress(message.model, message.fraction);
    else if (message.type === 'loaded') load.models.push(message.model);
    else if (message.type === 'load_failed') load.failures.push(fromErrorData(message.error));
    else if (load.failures.length === 0) {
      this.#watch.loaded();
      load.resolve(load.models);
    } else {
      const problems = load.failures.map((failure) => failure.message).join('\n');
      this.#bury(new AtomaError('model_load_failed', problems));
    }
  }

  /** The channel closes a moment before a process that ends by itself; one that lives on without it is lost. */
  #onDisconnect(): void {
    if (this.#dead) return;
    const timer = setTimeout(() => this.#end('closed its channel to the node'), EXIT_GRACE_MS);
    void this.#exited.then(() => clearTimeout(timer));
  }

  #end(how: string, exitCode: number | null = null, signal: NodeJS.Signals | null = null): void {
    if (this.#dead) return;
    const error = this.#died(how);
    this.#dead = true;
    this.#onDeath({ error, exitCode, signal, jobs: this.#jobs.size });
    this.#bury(error);
  }

  #bury(error: AtomaError): void {
    this.#dead = true;
    this.#watch.stop();
    this.#child.kill('SIGKILL');
    this.#load?.reject(error);
    this.#jobs.rejectAll(error);
  }

  #died(how: string): AtomaError {
    const { device } = this.#spec;
    return new AtomaError('device_died', `the process of device ${device} ${how}`, { fields: { device } });
  }

  #send(message: ToDevice): void {
    // A closed channel means that the end is on its way, which rejects what is pending.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }
}

/** How a process ended, with what its signal most likely means. */
function endOf(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal === null) return `exited with code ${code}`;
  if (signal === 'SIGKILL') return 'was killed by SIGKILL (by hand, or for lack of memory: see dmesg)';
  if (signal === 'SIGABRT') return 'was killed by SIGABRT (the engine gave up: stderr says why, just before)';
  return `was killed by ${signal}`;
}
