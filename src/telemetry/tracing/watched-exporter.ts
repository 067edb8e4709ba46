import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { Logger } from 'pino';
import { messageOf } from '../../core/index.js';
import type { SpanDestination } from './exporter.js';

/** Says once that spans do not arrive, and once that they arrive again, however many batches that are. */
export class WatchedExporter implements SpanExporter {
  readonly #destination: SpanDestination;
  readonly #logger: Logger;
  #lost = 0;

  constructor(destination: SpanDestination, modules: { readonly logger: Logger }) {
    this.#destination = destination;
    this.#logger = modules.logger;
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.#destination.exporter.export(spans, (result) => {
      if (result.code === ExportResultCode.SUCCESS) this.#arrived();
      else this.#failed(spans.length, result.error);
      done(result);
    });
  }

  shutdown(): Promise<void> {
    return this.#destination.exporter.shutdown();
  }

  forceFlush(): Promise<void> {
    return this.#destination.exporter.forceFlush?.() ?? Promise.resolve();
  }

  #arrived(): void {
    if (this.#lost === 0) return;
    const { endpoint } = this.#destination;
    this.#logger.info({ endpoint, lostSpans: this.#lost }, 'traces are sent again');
    this.#lost = 0;
  }

  #failed(spans: number, error: unknown): void {
    const { endpoint } = this.#destination;
    if (this.#lost === 0) {
      this.#logger.warn(
        { endpoint },
        `traces cannot be sent to ${endpoint}: ${reasonOf(error)}; the node goes on, spans are lost until it answers (OTEL_EXPORTER_OTLP_ENDPOINT says where they go)`,
      );
    }
    this.#lost += spans;
  }
}

/** A connection that was refused at several addresses has its reasons inside. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(', ');
  return error === undefined ? 'no reason was given' : messageOf(error);
}
