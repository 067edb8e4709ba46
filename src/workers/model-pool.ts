import { once } from 'node:events';
import { join } from 'node:path';
import { Piscina } from 'piscina';
import {
  AtomaError,
  fromErrorData,
  type ModelInfo,
  type ModelSource,
  messageOf,
  type PromptParams,
} from '../core/index.js';
import { checkFit } from './hardware/check-fit.js';
import type {
  EngineInfo,
  FromWorker,
  JobOutcome,
  WireFrame,
  WorkerPulse,
  WorkerResult,
  WorkerSpec,
  WorkerTask,
} from './protocol.js';
import { pulseMemory, readPulses } from './worker-pulse.js';

export interface ModelPoolOptions {
  readonly spec: Omit<WorkerSpec, 'cancelFlags' | 'pulse'>;
  readonly workers: number;
  /** Whether fewer will do, where memory for so many is short. */
  readonly mayBeFewer: boolean;
  /** Device label for {@link ModelInfo}. */
  readonly device: string;
  readonly source: ModelSource | undefined;
  readonly backendReason: string;
}

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
  readonly #freeSlots: number[];
  readonly #jobs = new Map<number, RunningJob>();
  readonly #pulse: SharedArrayBuffer;
  readonly #events: ModelPoolEvents;

  private constructor(options: ModelPoolOptions, events: ModelPoolEvents) {
    const { workers, spec } = options;
    const slots = workers * spec.sequences;
    const cancelFlags = new SharedArrayBuffer(slots * Int32Array.BYTES_PER_ELEMENT);
    this.#pulse = pulseMemory(workers);
    const workerData: WorkerSpec = { ...spec, cancelFlags, pulse: this.#pulse };
    this.#options = options;
    this.#events = events;
    this.#cancelFlags = new Int32Array(cancelFlags);
    this.#freeSlots = Array.from({ length: slots }, (_, slot) => slot);
    this.#pool = new Piscina<WorkerTask, WorkerResult>({
      filename: new URL('./worker.js', import.meta.url).href,
      workerData,
      minThreads: workers,
      maxThreads: workers,
      concurrentTasksPerWorker: spec.sequences,
      // An idle worker would block its event loop on Atomics.wait, and tokens come from native callbacks.
      atomics: 'disabled',
      // The queue is the scheduler's; one place per slot covers a task whose result is still on its way.
      maxQueue: slots,
      idleTimeout: Number.POSITIVE_INFINITY,
    });
  }

  /**
   * Starts the threads and waits until each has the model in memory.
   * @throws AtomaError `insufficient_memory` before anything is loaded, `model_load_failed`.
   */
  static async start(
    wanted: ModelPoolOptions,
    events: ModelPoolEvents,
  ): Promise<{ pool: ModelPool; info: ModelInfo }> {
    const memory = await checkFit(wanted.spec, wanted);
    const options = { ...wanted, workers: memory?.workers ?? wanted.workers };
    const pool = new ModelPool(options, events);
    try {
      const engine = await pool.#loaded();
      const { spec, workers, device, source, backendReason } = options;
      const info: ModelInfo = {
        ...engine,
        name: spec.name,
        file:
          spec.weights.format === 'gguf' ? spec.weights.file : join(spec.weights.folder, spec.weights.file),
        source,
        device,
        backend: spec.backend,
        backendReason,
        workers,
        sequencesPerWorker: spec.sequences,
        ...(memory !== undefined && { memoryBytes: memory.totalBytes }),
      };
      return { pool, info };
    } catch (error) {
      await pool.#pool.destroy();
      throw error;
    }
  }

  /** How each worker is; meaningful once all have loaded. */
  pulses(): readonly WorkerPulse[] {
    return readPulses(this.#options.spec.name, this.#pulse);
  }

  /** @throws where the job's worker thread ended; every other failure is part of the outcome. */
  async run(job: number, params: PromptParams): Promise<JobOutcome> {
    const slot = this.#freeSlots.pop();
    if (slot === undefined) {
      return { ok: false, error: { code: 'engine_failed', message: 'every sequence is taken', fields: {} } };
    }
    Atomics.store(this.#cancelFlags, slot, 0);
    const running: RunningJob = { slot, received: 0, finish: undefined, awaited: 0 };
    this.#jobs.set(job, running);
    try {
      const { outcome, volumeSent } = await this.#pool.run({ job, slot, params });
      await this.#allFrames(running, volumeSent);
      return outcome;
    } finally {
      this.#jobs.delete(job);
      this.#freeSlots.push(slot);
    }
  }

  /** Asks a job to stop before its next token; one that is not running is left alone. */
  cancel(job: number): void {
    const running = this.#jobs.get(job);
    if (running !== undefined) Atomics.store(this.#cancelFlags, running.slot, 1);
  }

  async #loaded(): Promise<EngineInfo> {
    const signal = new AbortController();
    const failed = once(this.#pool, 'error', { signal: signal.signal }).then(([error]) => {
      throw new AtomaError('model_load_failed', `worker of ${this.#options.spec.name}: ${messageOf(error)}`);
    });
    failed.catch(() => undefined);
    // Whatever comes after the first failure is its consequence.
    let onError: (error: unknown) => void = () => undefined;
    try {
      const engine = await Promise.race([this.#everyWorker(), failed]);
      // A worker that ends while it holds jobs shows in their `run` instead.
      onError = this.#events.onCrash;
      return engine;
    } finally {
      signal.abort();
      this.#pool.on('error', onError);
    }
  }

  #everyWorker(): Promise<EngineInfo> {
    return new Promise((resolve, reject) => {
      let loaded = 0;
      const progress = new Map<number, number>();
      this.#pool.on('message', (message: FromWorker) => {
        if (message.type === 'tokens') this.#forward(message.frames);
        else if (message.type === 'load_failed') reject(fromErrorData(message.error));
        else if (message.type === 'loaded') {
          if (++loaded === this.#options.workers) resolve(message.engine);
        } else {
          progress.set(message.thread, message.fraction);
          let sum = 0;
          for (const fraction of progress.values()) sum += fraction;
          this.#events.onProgress(sum / this.#options.workers);
        }
      });
    });
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
