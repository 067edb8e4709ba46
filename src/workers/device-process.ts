import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { AtomaError, type Completion, type Job, type JobOptions, type ModelInfo } from '../core/index.js';
import { deviceEnvironment } from './device-environment.js';
import type { DeviceOptions } from './device-options.js';
import { logOutput } from './device-output.js';
import { HealthWatch } from './health-watch.js';
import { type LoadProgress, PendingModels } from './pending-models.js';
import type { DeviceSpec, FromDevice, ModelSpec, ToDevice } from './protocol.js';
import { RunningJobs } from './running-jobs.js';

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

/** How long a process whose channel closed may take to end by itself, so that its exit code is seen, ms. */
const EXIT_GRACE_MS = 2000;
/** How long the system may take to end a killed process; one stuck in a driver may never end, ms. */
const KILL_GRACE_MS = 5000;

/** The life of one child process: it is started, loads and unloads models, runs jobs, and dies. */
export class DeviceProcess {
  readonly #spec: DeviceSpec;
  readonly #logger: Logger;
  readonly #onDeath: (death: Death) => void;
  readonly #jobs = new RunningJobs();
  readonly #watch: HealthWatch;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #models: PendingModels;
  readonly #starting: Promise<void>;
  #isReady: () => void = () => undefined;
  #isOver: (error: AtomaError) => void = () => undefined;
  #dead = false;

  /**
   * Starts the process, without a model.
   * @param modules.onDeath called once if it ends unasked, before its jobs are rejected
   * @throws where the system refuses at once to start it.
   */
  constructor(
    spec: DeviceSpec,
    options: DeviceOptions,
    modules: { readonly logger: Logger; readonly onDeath: (death: Death) => void },
  ) {
    this.#spec = spec;
    this.#logger = modules.logger;
    this.#onDeath = modules.onDeath;
    this.#watch = new HealthWatch(options, (how) => this.#end(how));
    this.#models = new PendingModels(options, { watch: this.#watch });
    this.#child = fork(options.script, [String(process.pid)], {
      env: deviceEnvironment(spec, options.expectedWorkers, process.env),
      serialization: 'advanced',
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    logOutput(this.#child, spec.device, modules.logger);
    this.#exited = this.#follow(this.#child);
    this.#starting = new Promise((resolve, reject) => {
      this.#isReady = resolve;
      this.#isOver = reject;
    });
    this.#starting.catch(() => undefined);
    this.#watch.start();
    this.#send({ type: 'start', spec, heartbeatIntervalMs: options.heartbeatIntervalMs });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** It has ended, or is about to: it answers nothing any more. */
  get isDead(): boolean {
    return this.#dead;
  }

  /**
   * Resolves when it can load models.
   * @throws AtomaError `device_died`.
   */
  ready(): Promise<void> {
    return this.#starting;
  }

  /**
   * Loads a model, which it does not hold, while it loads no other one.
   * @throws AtomaError `model_load_failed`, `device_died`.
   */
  load(model: ModelSpec, onProgress: LoadProgress): Promise<ModelInfo> {
    if (this.#dead) return Promise.reject(this.#died('has ended'));
    return this.#models.load(model.name, onProgress, () => this.#send({ type: 'load', model }));
  }

  /**
   * Waits for the jobs of a model that gets no more of them, ends them after `graceMs` with `model_unloaded`, then
   * gives the model's memory back.
   * @throws AtomaError `device_died`: the memory is given back by that, too.
   */
  async unload(model: string, graceMs: number): Promise<void> {
    const timer = setTimeout(() => this.#jobs.end(model), graceMs);
    await this.#jobs.idle(model);
    clearTimeout(timer);
    if (this.#dead) throw this.#died('has ended');
    await this.#models.unload(model, () => this.#send({ type: 'unload', model }));
  }

  /** @throws AtomaError as {@link Executor.run} does. */
  run(job: Job, options: JobOptions): Promise<Completion> {
    if (this.#dead) return Promise.reject(this.#died('has ended'));
    const { id: _, ...work } = job;
    return this.#jobs.run(work.params.model, options, {
      start: (number) => this.#send({ type: 'run', job: number, work }),
      cancel: (number) => this.#send({ type: 'cancel', job: number }),
    });
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
    else if (message.type === 'ready') this.#onReady();
    else if (!this.#dead) this.#models.receive(message);
  }

  #onReady(): void {
    if (this.#dead) return;
    this.#watch.ready();
    this.#isReady();
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
    this.#isOver(error);
    this.#models.rejectAll(error);
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
  if (signal === 'SIGABRT')
    return 'was killed by SIGABRT (the engine gave up: the log says why, just before)';
  return `was killed by ${signal}`;
}
