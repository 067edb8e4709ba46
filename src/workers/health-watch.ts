import type { HealthLimits } from './device-options.js';
import type { WorkerPulse } from './protocol.js';

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
  readonly #workers = new Map<number, WorkerRecord>();
  #missed = 0;
  #loaded = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param onHang called once, with what was found, as the end of a sentence about the process */
  constructor(limits: HealthLimits, onHang: (how: string) => void) {
    this.#limits = limits;
    this.#onHang = onHang;
  }

  /** Begins with a process that loads its models. */
  start(): void {
    this.#timer = setInterval(this.#look, this.#limits.heartbeatIntervalMs);
  }

  /** A message of a load that goes on. */
  loading(): void {
    this.#missed = 0;
  }

  /** From here on heartbeats are due. */
  loaded(): void {
    this.#missed = 0;
    this.#loaded = true;
  }

  /** A heartbeat, with the pulse of every worker, each time in the same order. */
  beat(pulses: readonly WorkerPulse[]): void {
    this.#missed = 0;
    for (const [index, pulse] of pulses.entries()) {
      const record = this.#workers.get(index);
      if (record === undefined) this.#workers.set(index, { pulse, silentBeats: 0, stalledBeats: 0 });
      else this.#judge(record, pulse);
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
    const { heartbeatLimitMs, loadLimitMs } = this.#limits;
    this.#missed++;
    if (this.#loaded) {
      if (this.#exceeds(this.#missed, heartbeatLimitMs)) {
        this.#hang(`hangs: no heartbeat for ${heartbeatLimitMs} ms`);
      }
    } else if (this.#exceeds(this.#missed, loadLimitMs)) {
      this.#hang(`hangs: no progress in loading its models for ${loadLimitMs} ms`);
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
