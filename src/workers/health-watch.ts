import type { HealthLimits } from './device-options.js';
import type { WorkerPulse } from './protocol.js';

/** Something long that the process does, and tells of. */
interface Work {
  /** As the middle of a sentence: `loading tiny`. */
  readonly what: string;
  readonly limitMs: number;
  /** Looks in a row in which nothing was heard of it. */
  silentLooks: number;
}

interface WorkerRecord {
  pulse: WorkerPulse;
  /** Heartbeats in a row in which its event loop did not turn. */
  silentBeats: number;
  /** Heartbeats in a row in which it held jobs and handed no batch to the device. */
  stalledBeats: number;
}

/**
 * Finds out that a device process hangs. It counts heartbeats and its own looks, not time: where this process
 * or both were stopped for a while (Ctrl-Z, a debugger), the clock has moved and nobody hangs.
 */
export class HealthWatch {
  readonly #limits: HealthLimits;
  readonly #onHang: (how: string) => void;
  /** By model and place in its pool. */
  #workers = new Map<string, WorkerRecord>();
  readonly #work = new Map<string, Work>();
  #missed = 0;
  #ready = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param onHang called once, with what was found, as the end of a sentence about the process */
  constructor(limits: HealthLimits, onHang: (how: string) => void) {
    this.#limits = limits;
    this.#onHang = onHang;
  }

  /** Begins with a process that starts. */
  start(): void {
    this.begin('start', 'starting', this.#limits.loadLimitMs);
    this.#timer = setInterval(this.#look, this.#limits.heartbeatIntervalMs);
  }

  /** From here on heartbeats are due. */
  ready(): void {
    this.end('start');
    this.#missed = 0;
    this.#ready = true;
  }

  /** The process begins something, and will be silent about it for no longer than `limitMs`, beside its heartbeats. */
  begin(key: string, what: string, limitMs: number): void {
    this.#work.set(key, { what, limitMs, silentLooks: 0 });
  }

  /** A message says that it goes on. */
  goesOn(key: string): void {
    const work = this.#work.get(key);
    if (work !== undefined) work.silentLooks = 0;
  }

  end(key: string): void {
    this.#work.delete(key);
  }

  /** A heartbeat, with the pulse of every worker; those of a model always in the same order. */
  beat(pulses: readonly WorkerPulse[]): void {
    this.#missed = 0;
    const places = new Map<string, number>();
    const known = this.#workers;
    // What is not in this heartbeat is gone: a worker at its place some day later is another one.
    this.#workers = new Map();
    for (const pulse of pulses) {
      const place = places.get(pulse.model) ?? 0;
      places.set(pulse.model, place + 1);
      const key = `${place} ${pulse.model}`;
      const record = known.get(key);
      this.#workers.set(key, record ?? { pulse, silentBeats: 0, stalledBeats: 0 });
      if (record !== undefined) this.#judge(record, pulse);
    }
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #judge(record: WorkerRecord, pulse: WorkerPulse): void {
    const { workerLimitMs, progressLimitMs } = this.#limits;
    const before = record.pulse;
    record.pulse = pulse;
    record.silentBeats = pulse.ticks === before.ticks ? record.silentBeats + 1 : 0;
    record.stalledBeats = pulse.jobs > 0 && pulse.progress === before.progress ? record.stalledBeats + 1 : 0;
    if (this.#exceeds(record.silentBeats, workerLimitMs)) {
      this.#hang(`hangs: the event loop of a worker of ${pulse.model} stood still for ${workerLimitMs} ms`);
    } else if (this.#exceeds(record.stalledBeats, progressLimitMs)) {
      this.#hang(
        `hangs: a worker of ${pulse.model} with ${pulse.jobs} jobs evaluated nothing for ${progressLimitMs} ms`,
      );
    }
  }

  readonly #look = (): void => {
    const { heartbeatLimitMs } = this.#limits;
    if (this.#ready && this.#exceeds(++this.#missed, heartbeatLimitMs)) {
      this.#hang(`hangs: no heartbeat for ${heartbeatLimitMs} ms`);
    }
    for (const work of this.#work.values()) {
      if (this.#exceeds(++work.silentLooks, work.limitMs)) {
        this.#hang(`hangs: no progress in ${work.what} for ${work.limitMs} ms`);
      }
    }
  };

  #exceeds(count: number, limitMs: number): boolean {
    return count * this.#limits.heartbeatIntervalMs > limitMs;
  }

  #hang(how: string): void {
    if (this.#timer === undefined) return;
    this.stop();
    this.#onHang(how);
  }
}
