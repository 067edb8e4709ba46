import { collectDefaultMetrics, type Metric, Registry } from 'prom-client';

/** Gauges with names that Prometheus keeps for counters; the same without `_total` tell more. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

let shared: readonly Metric[] | undefined;

/**
 * Metrics of the main process under the names that dashboards for Node.js know: `process_*` and `nodejs_*`, among
 * them the delay of the event loop since the last scrape. One set for the process, however many nodes are in it:
 * what they measure with runs on for as long as the process does.
 */
export function processMetrics(): readonly Metric[] {
  if (shared === undefined) {
    const register = new Registry();
    collectDefaultMetrics({ register });
    for (const name of MISNAMED) register.removeSingleMetric(name);
    shared = register.getMetricsAsArray().flatMap(({ name }) => register.getSingleMetric(name) ?? []);
  }
  return shared;
}
