import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge, type Registry } from 'prom-client';

/** How often the loop is asked how late it is; a hundredth of a second is where clients begin to notice. */
const RESOLUTION_MS = 10;
const NS_PER_SECOND = 1e9;

/** How late the event loop of this process comes to what it is to do, since the scrape before. */
export class EventLoopDelay {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor(modules: { readonly registry: Registry }) {
    this.#histogram.enable();
    const { registry } = modules;
    this.#gauge(registry, 'p50', 'Half of the time', () => this.#histogram.percentile(50));
    this.#gauge(registry, 'p99', 'Ninety-nine times of a hundred', () => this.#histogram.percentile(99));
    // The last one that is read.
    this.#gauge(registry, 'max', 'Always', () => {
      const { max } = this.#histogram;
      this.#histogram.reset();
      return max;
    });
  }

  /** @param read how long a round of the loop took of which nothing but RESOLUTION_MS was asked, ns */
  #gauge(registry: Registry, which: string, how: string, read: () => number): void {
    const gauge = new Gauge({
      name: `atoma_event_loop_delay_${which}_seconds`,
      help: `${how}, the main thread came no later than this to what it was to do, since the scrape before.`,
      registers: [registry],
      collect: () => {
        const isKnown = this.#histogram.count > 0;
        gauge.set(isKnown ? Math.max(0, read() / NS_PER_SECOND - RESOLUTION_MS / 1000) : 0);
      },
    });
  }
}
