import { Counter, Gauge, Registry } from 'prom-client';
import type { NodeApi } from '../node-api.js';
import { METRICS, type MetricDefinition, type NodeSnapshot } from './definitions.js';
import { processMetrics } from './process-metrics.js';

/**
 * The node's metrics in the Prometheus text format 0.0.4: its own state, read at each scrape, what others count, and
 * the process. Not OpenMetrics: prom-client renames the counters of a registry for it, once and for all.
 */
export class NodeMetrics {
  readonly #node: NodeApi;
  readonly #registry = new Registry();
  readonly #fills: readonly ((snapshot: NodeSnapshot) => void)[];

  /** @param modules.registries of others, shown beside */
  constructor(modules: { readonly node: NodeApi; readonly registries: readonly Registry[] }) {
    this.#node = modules.node;
    this.#fills = METRICS.map((definition) => register(definition, this.#registry));
    for (const registry of modules.registries) adopt(registry, this.#registry);
    for (const metric of processMetrics()) this.#registry.registerMetric(metric);
  }

  /** The media type of what {@link NodeMetrics.scrape} returns. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All metrics as they are now. */
  scrape(): Promise<string> {
    const snapshot = { info: this.#node.nodeInfo(), readiness: this.#node.readiness() };
    for (const fill of this.#fills) fill(snapshot);
    return this.#registry.metrics();
  }
}

/** What fills a metric's values in; the former ones go, for the node keeps the totals itself. */
function register(definition: MetricDefinition, registry: Registry): (snapshot: NodeSnapshot) => void {
  const { name, help, labels = [], type, read } = definition;
  const options = { name, help, labelNames: labels, registers: [registry] };
  const metric = type === 'counter' ? new Counter(options) : new Gauge(options);
  return (snapshot) => {
    metric.reset();
    // A metric without labels is 0 after a reset: that would be a claim where the value is not known.
    if (labels.length === 0) metric.remove();
    for (const sample of read(snapshot)) metric.inc({ ...sample.labels }, sample.value);
  };
}

/** Shows the metrics of one registry in another one, too. */
function adopt(from: Registry, to: Registry): void {
  for (const { name } of from.getMetricsAsArray()) {
    const metric = from.getSingleMetric(name);
    if (metric !== undefined) to.registerMetric(metric);
  }
}
