import { Counter, type Registry } from 'prom-client';

/** Jobs of one model on one device. */
interface Place {
  readonly labels: { readonly device: string; readonly model: string };
  jobs: number;
  /** When `jobs` changed last, or the seconds below were brought up to date. */
  sinceMs: number;
  jobSeconds: number;
  busySeconds: number;
}

/**
 * How full devices are, as two integrals over time that are exact to the job: jobs that run, and whether any does.
 * Their rates' ratio is the mean number of jobs at once while busy; divided by the model's workers it is the mean
 * number of sequences in a worker's batches, as far as jobs spread evenly over them.
 */
export class Occupancy {
  readonly #now: () => number;
  readonly #places = new Map<string, Place>();

  /** @param modules.now ms, of a clock that only goes forward */
  constructor(modules: { readonly registry: Registry; readonly now: () => number }) {
    this.#now = modules.now;
    const { registry } = modules;
    this.#counter(registry, 'jobSeconds', {
      name: 'atoma_device_job_seconds_total',
      help: 'Time that jobs ran on a device, added up over jobs. Its rate is the mean number of jobs at once; divided by the rate of atoma_device_busy_seconds_total and by atoma_model_workers it is the mean fill of a batch, in sequences, as far as jobs spread evenly over workers.',
    });
    this.#counter(registry, 'busySeconds', {
      name: 'atoma_device_busy_seconds_total',
      help: 'Time in which a device ran at least one job of the model.',
    });
  }

  began(device: string, model: string): void {
    this.#change(device, model, 1);
  }

  ended(device: string, model: string): void {
    this.#change(device, model, -1);
  }

  #change(device: string, model: string, by: number): void {
    const key = `${device} ${model}`;
    let place = this.#places.get(key);
    if (place === undefined) {
      place = { labels: { device, model }, jobs: 0, sinceMs: this.#now(), jobSeconds: 0, busySeconds: 0 };
      this.#places.set(key, place);
    }
    this.#bringUpToDate(place);
    place.jobs += by;
  }

  #bringUpToDate(place: Place): void {
    const now = this.#now();
    const seconds = (now - place.sinceMs) / 1000;
    place.sinceMs = now;
    place.jobSeconds += place.jobs * seconds;
    if (place.jobs > 0) place.busySeconds += seconds;
  }

  #counter(
    registry: Registry,
    value: 'jobSeconds' | 'busySeconds',
    metric: { readonly name: string; readonly help: string },
  ): void {
    const collect = (): void => {
      counter.reset();
      for (const place of this.#places.values()) {
        this.#bringUpToDate(place);
        counter.inc(place.labels, place[value]);
      }
    };
    const labelNames = ['device', 'model'] as const;
    const counter = new Counter({ ...metric, labelNames, collect, registers: [registry] });
  }
}
