import { collectDefaultMetrics, type Metric, Registry } from 'prom-client';
import { EventLoopDelay } from './event-loop-delay.js';

/**
 * Left out of what prom-client has: gauges with names that Prometheus keeps for counters, and delays of the event
 * loop that count in how often it is looked at, see {@link EventLoopDelay}.
 */
const LEFT_OUT = /^nodejs_(eventloop_lag_.*|active_(handles|requests|resources)_total)$/;

let shared: readonly Metric[] | undefined;

/**
 * Metrics of the main process, most under the names that dashboards for Node.js know: `process_*` and `nodejs_*`. One
 * set for the process, however many nodes are in it: what they measure with runs for as long as the process does.
 */
export function processMetrics(): readonly Metric[] {
  if (shared === undefined) {
    const register = new Registry();
    collectDefaultMetrics({ register });
    new EventLoopDelay({ registry: register });
    const names = register.getMetricsAsArray().map(({ name }) => name);
    const shown = names.filter((name) => !LEFT_OUT.test(name));
    shared = shown.flatMap((name) => register.getSingleMetric(name) ?? []);
  }
  return shared;
}
