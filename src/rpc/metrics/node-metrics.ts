import { Counter, Gauge, Registry } from 'prom-client';
import type { NodeApi } from '../node-api.js';
import { METRICS, type MetricDefinition, type NodeSnapshot } from './definitions.js';

/** The node's metrics in the Prometheus text format 0.0.4, read from the node at each scrape. */
export class NodeMetrics {
  readonly #node: NodeApi;
  readonly #registry = new Registry();
  readonly #fills: readonly ((snapshot: NodeSnapshot) => void)[];

  constructor(modules: { readonly node: NodeApi }) {
    this.#node = modules.node;
    this.#fills = METRICS.map((definition) => register(definition, this.#registry));
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
