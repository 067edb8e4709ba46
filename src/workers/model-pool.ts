import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { BroadcastChannel } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { AtomaError, fromErrorData, type ModelInfo, messageOf } from '../core/index.js';
import { type DeterminismFinding, runsExclusively } from './determinism/finding.js';
import { findChatTemplate } from './engines/weights/chat-template.js';
import { toLoadFailure } from './engines/weights/weights-problem.js';
import { checkFit } from './hardware/check-fit.js';
import type { ModelPoolOptions } from './pool-options.js';
import { describePool } from './profile/describe-pool.js';
import { digestWeights } from './profile/weights-digest.js';
import type {
  EngineInfo,
  FromWorker,
  JobOutcome,
  WireFrame,
  Work,
  WorkerData,
  WorkerOrder,
  WorkerPulse,
  WorkerResult,
  WorkerTask,
} from './protocol.js';
import { EXCLUSIVE_TASK, WorkerPlacement } from './worker-placement.js';
import { pulseMemory, readPulses } from './worker-pulse.js';

export interface ModelPoolEvents {
  readonly onFrames: (frames: readonly WireFrame[]) => void;
  /** The mean over the workers, 0 to 1. */
  readonly onProgress: (fraction: number) => void;
  /** A worker thread ended after the load, with the jobs it held: the pool is of no use any more. */
  readonly onCrash: (error: unknown) => void;
}

interface RunningJob {
  readonly slot: number;
  received: number;
  /** Set once the worker has answered; called when its last frame is here too. */
  finish: (() => void) | undefined;
  awaited: number;
}

/**
 * The Piscina pool of one model on one device: `workers` threads, each with a context of `sequences`.
 * Frames of a job are handed on before its outcome, whichever of the two ports is faster.
 */
export class ModelPool {
  readonly #pool: Piscina<WorkerTask, WorkerResult>;
  readonly #options: ModelPoolOptions;
  readonly #cancelFlags: Int32Array;
  readonly #placement: WorkerPlacement;
  readonly #jobs = new Map<number, RunningJob>();
  readonly #pulse: SharedArrayBuffer;
  readonly #orders: BroadcastChannel;
  readonly #events: ModelPoolEvents;
  /** How far each thread's load is, 0 to 1. */
  readonly #fractions = new Map<number, number>();
  /** Id of the model's numeric profile. */
  #profile = '';
  /** Each worker has a context of one sequence for jobs that are to be reproducible. */
  #hasExclusive = false;
  /** While threads start and end, a crash shows in what waits for them. */
  #onCrash: (error: unknown) => void = () => undefined;

  private constructor(options: ModelPoolOptions, events: ModelPoolEvents) {
    const { workers, spec } = options;
    this.#placement = new WorkerPlacement(workers, spec.sequences);
    const { places, balance } = this.#placement;
    const cancelFlags = new SharedArrayBuffer(places * Int32Array.BYTES_PER_ELEMENT);
    this.#pulse = pulseMemory(workers);
    const orders = `orders ${randomUUID()}`;
    this.#orders = new BroadcastChannel(orders);
    const workerData: WorkerData = { ...spec, cancelFlags, pulse: this.#pulse, orders };
    this.#options = options;
    this.#events = events;
    this.#cancelFlags = new Int32Array(cancelFlags);
    this.#pool = new Piscina<WorkerTask, WorkerResult>({
      filename: new URL('./worker.js', import.meta.url).href,
      workerData,
      minThreads: workers,
      maxThreads: workers,
      concurrentTasksPerWorker: spec.sequences + 1,
      loadBalancer: balance,
      // An idle worker would block its event loop on Atomics.wait, and tokens come from native callbacks.
      atomics: 'disabled',
      // The queue is the scheduler's; one place per job covers a task whose result is still on its way.
      maxQueue: places,
      idleTimeout: Number.POSITIVE_INFINITY,
    });
    this.#pool.on('message', (message: FromWorker) => this.#receive(message));
    this.#pool.on('error', (error) => this.#onCrash(error));
  }

  /**
   * Starts the threads and waits until each has the model in memory; where one cannot, none keeps it.
   * @returns `refusal`: why flash attention, which was asked for, is not used
   * @throws AtomaError `insufficient_memory` before anything is loaded, `model_load_failed`.
   */
  static async start(
    wanted: ModelPoolOptions,
    events: ModelPoolEvents,
  ): Promise<{ pool: ModelPool; info: ModelInfo; probeFault: string | undefined }> {
    const memory = await checkFit(wanted.spec, wanted);
    const options = { ...wanted, workers: memory?.workers ?? wanted.workers };
    const pool = new ModelPool(options, events);
    const { spec } = options;
    // Beside the load, whose failure is the one to tell.
    const hashing = digestWeights(spec.weights);
    hashing.catch(() => undefined);
    const { engine, finding } = await pool.#load();
    try {
      // After the load, which has seen that the file is sound: a damaged one can keep a reader busy for ever.
      const chatTemplate = await findChatTemplate(spec.weights);
      const info = describePool(options, { engine, finding, memory, chatTemplate, weights: await hashing });
      pool.#profile = info.profile.id;
      if (runsExclusively(info)) await pool.#openExclusive();
      return { pool, info, probeFault: finding.failed ? finding.reason : undefined };
    } catch (error) {
      await pool.close();
      throw toLoadFailure(spec.weights.file, error);
    }
  }

  /** How each worker is; meaningful once all have loaded. */
  pulses(): readonly WorkerPulse[] {
    return readPulses(this.#options.spec.name, this.#pulse);
  }

  /** @throws where the job's worker thread ended; every other failure is part of the outcome. */
  async run(job: number, work: Work): Promise<JobOutcome> {
    const isExclusive = work.reproducible && this.#hasExclusive;
    const slot = this.#placement.take(isExclusive);
    if (slot === undefined) {
      return { ok: false, error: { code: 'engine_failed', message: 'every sequence is taken', fields: {} } };
    }
    Atomics.store(this.#cancelFlags, slot, 0);
    const running: RunningJob = { slot, received: 0, finish: undefined, awaited: 0 };
    this.#jobs.set(job, running);
    try {
      const name = isExclusive ? EXCLUSIVE_TASK : 'default';
      const { outcome, volumeSent, thread } = await this.#pool.run({ job, slot, work }, { name });
      if (isExclusive) this.#placement.ended(thread);
      await this.#allFrames(running, volumeSent);
      return outcome.ok
        ? { ok: true, completion: { ...outcome.completion, profile: this.#profile } }
        : outcome;
    } finally {
      this.#jobs.delete(job);
      this.#placement.giveBack(slot);
    }
  }

  /** Asks a job to stop before its next token; one that is not running is left alone. */
  cancel(job: number): void {
    const running = this.#jobs.get(job);
    if (running !== undefined) Atomics.store(this.#cancelFlags, running.slot, 1);
  }

  /**
   * Gives the model's memory back and ends the threads; no job runs any more.
   * @throws AtomaError of a worker whose engine does not let go.
   */
  async close(): Promise<void> {
    this.#onCrash = () => undefined;
    try {
      const disposed = this.#everyWorker(['disposed']);
      this.#order('dispose');
      for (const answer of await this.#unlessCrashed(disposed)) {
        if (answer.type === 'disposed' && answer.error !== undefined) throw fromErrorData(answer.error);
      }
    } finally {
      await this.#destroy();
    }
  }

  async #destroy(): Promise<void> {
    this.#orders.close();
    await this.#pool.destroy();
  }

  /** @throws AtomaError `model_load_failed`; no thread is left then. */
  async #load(): Promise<{ readonly engine: EngineInfo; readonly finding: DeterminismFinding }> {
    const answers = await this.#unlessCrashed(this.#everyWorker(['loaded', 'load_failed'])).catch(
      async (error: unknown) => {
        // Piscina has put another thread in the place of the one that ended: nobody waits for its load.
        await this.#destroy();
        throw error;
      },
    );
    let engine: EngineInfo | undefined;
    const findings: DeterminismFinding[] = [];
    for (const answer of answers) {
      if (answer.type === 'loaded') {
        engine = answer.engine;
        findings.push(answer.finding);
      } else if (answer.type === 'load_failed') {
        await this.close();
        throw fromErrorData(answer.error);
      }
    }
    const [first] = findings;
    if (engine === undefined || first === undefined) throw new Error('a pool has a worker');
    // A worker that ends while it holds jobs shows in their `run` instead.
    this.#onCrash = this.#events.onCrash;
    // One worker that is not invariant is enough: nobody knows which one runs a job.
    return { engine, finding: findings.find(({ verdict }) => verdict === 'exclusive') ?? first };
  }

  /** @throws AtomaError `model_load_failed` where a worker has no memory for it. */
  async #openExclusive(): Promise<void> {
    const opened = this.#everyWorker(['opened']);
    this.#order('open_exclusive');
    for (const answer of await this.#unlessCrashed(opened)) {
      if (answer.type === 'opened' && answer.error !== undefined) throw fromErrorData(answer.error);
    }
    this.#hasExclusive = true;
  }

  #order(order: WorkerOrder): void {
    this.#orders.postMessage(order);
  }

  /** Resolves when every worker has answered with one of these messages. */
  #everyWorker(types: readonly FromWorker['type'][]): Promise<readonly FromWorker[]> {
    return new Promise((resolve) => {
      const answers: FromWorker[] = [];
      const listen = (message: FromWorker): void => {
        if (!types.includes(message.type) || answers.push(message) < this.#options.workers) return;
        this.#pool.off('message', listen);
        resolve(answers);
      };
      this.#pool.on('message', listen);
    });
  }

  /** @throws AtomaError `model_load_failed` where a thread ends before that. */
  async #unlessCrashed<T>(work: Promise<T>): Promise<T> {
    const over = new AbortController();
    const crash = once(this.#pool, 'error', { signal: over.signal }).then(([error]) => {
      throw new AtomaError('model_load_failed', `worker of ${this.#options.spec.name}: ${messageOf(error)}`);
    });
    crash.catch(() => undefined);
    try {
      return await Promise.race([work, crash]);
    } finally {
      over.abort();
    }
  }

  #receive(message: FromWorker): void {
    if (message.type === 'tokens') this.#forward(message.frames);
    else if (message.type === 'progress') {
      this.#fractions.set(message.thread, message.fraction);
      let sum = 0;
      for (const fraction of this.#fractions.values()) sum += fraction;
      this.#events.onProgress(sum / this.#options.workers);
    }
  }

  #forward(frames: readonly WireFrame[]): void {
    this.#events.onFrames(frames);
    for (const [job, , text, tokens] of frames) {
      const running = this.#jobs.get(job);
      if (running === undefined) continue;
      running.received += tokens.length + text.length;
      if (running.finish !== undefined && running.received >= running.awaited) running.finish();
    }
  }

  #allFrames(running: RunningJob, volumeSent: number): Promise<void> | undefined {
    if (running.received >= volumeSent) return undefined;
    return new Promise((resolve) => {
      running.awaited = volumeSent;
      running.finish = resolve;
    });
  }
}
