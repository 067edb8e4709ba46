import type { WorkerPulse } from './protocol.js';

/** Int32 at the start of the memory: how many workers have taken a place. */
const TAKEN = 0;
const FIELDS = 3;
const TICKS = 0;
const JOBS = 1;
const PROGRESS = 2;

/** Memory that the workers of a pool share with the device thread, one place a worker. */
export function pulseMemory(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer((1 + workers * FIELDS) * Int32Array.BYTES_PER_ELEMENT);
}

/** The pulses of a pool's workers, each always at the same place. */
export function readPulses(model: string, memory: SharedArrayBuffer): readonly WorkerPulse[] {
  const cells = new Int32Array(memory);
  const pulses: WorkerPulse[] = [];
  for (let at = 1; at < cells.length; at += FIELDS) {
    pulses.push({
      model,
      ticks: Atomics.load(cells, at + TICKS),
      jobs: Atomics.load(cells, at + JOBS),
      progress: Atomics.load(cells, at + PROGRESS),
    });
  }
  return pulses;
}

/**
 * A worker's end: writes three numbers in a rhythm of its event loop, which is also the proof that the loop
 * turns. Nothing is done for a token.
 */
export class PulseWriter {
  readonly #cells: Int32Array;
  readonly #at: number;
  readonly #read: () => { readonly jobs: number; readonly progress: number };

  /** @param read what the worker does now; see {@link WorkerPulse} */
  constructor(memory: SharedArrayBuffer, read: () => { readonly jobs: number; readonly progress: number }) {
    this.#cells = new Int32Array(memory);
    this.#at = 1 + Atomics.add(this.#cells, TAKEN, 1) * FIELDS;
    this.#read = read;
  }

  start(intervalMs: number): void {
    setInterval(this.#write, intervalMs).unref();
  }

  readonly #write = (): void => {
    const { jobs, progress } = this.#read();
    Atomics.add(this.#cells, this.#at + TICKS, 1);
    Atomics.store(this.#cells, this.#at + JOBS, jobs);
    Atomics.store(this.#cells, this.#at + PROGRESS, progress);
  };
}
