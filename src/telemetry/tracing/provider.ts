import { setTimeout as delay } from 'node:timers/promises';
import { DiagLogLevel, diag, type Tracer } from '@opentelemetry/api';
import { diagLogLevelFromString, setGlobalErrorHandler } from '@opentelemetry/core';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { Logger } from 'pino';
import { messageOf } from '../../core/index.js';
import { ATTR } from './attributes.js';
import { createDestination } from './exporter.js';
import type { TraceIds } from './trace-ids.js';
import { WatchedExporter } from './watched-exporter.js';

export interface ProviderOptions {
  /** Of the node. */
  readonly version: string;
  /** The node's number on its chain; undefined without a chain. */
  readonly smallId: bigint | undefined;
}

/** What the last spans may take to be sent while the node stops, ms: a collector that hangs holds it up no longer. */
const STOP_MS = 2000;

/**
 * Makes spans and sends them, as OpenTelemetry's standard environment variables say, which its SDK reads from the
 * process: `OTEL_EXPORTER_OTLP_*`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_TRACES_SAMPLER`,
 * `OTEL_BSP_*`, `OTEL_SPAN_*_LIMIT`, `OTEL_LOG_LEVEL`. It is registered nowhere: nothing else of the process makes
 * spans by it.
 */
export class SpanProvider {
  readonly tracer: Tracer;
  readonly #provider: BasicTracerProvider;

  private constructor(provider: BasicTracerProvider, version: string) {
    this.#provider = provider;
    this.tracer = provider.getTracer('atoma-node', version);
  }

  static async start(
    options: ProviderOptions,
    modules: { readonly ids: TraceIds; readonly logger: Logger },
  ): Promise<SpanProvider> {
    const { ids, logger } = modules;
    // While it is set up, what the SDK says is of the operator's settings.
    sayBy(logger, 'warn');
    const destination = await createDestination(process.env, logger);
    // A full queue (OTEL_BSP_MAX_QUEUE_SIZE, 2048 spans) drops what comes: the node's memory is bounded.
    const processor = new BatchSpanProcessor(new WatchedExporter(destination, { logger }));
    const provider = new BasicTracerProvider({
      resource: resourceOf(options),
      spanProcessors: [processor],
      idGenerator: ids,
    });
    logger.info({ endpoint: destination.endpoint }, 'spans are sent by OTLP');
    sayBy(logger, 'debug');
    return new SpanProvider(provider, options.version);
  }

  /** Sends what was not sent yet, where it is taken in time. */
  async stop(): Promise<void> {
    const sent = this.#provider.shutdown().catch(() => undefined);
    await Promise.race([sent, delay(STOP_MS, undefined, { ref: false })]);
  }
}

/** The operator's own `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` go before ours. */
function resourceOf({ version, smallId }: ProviderOptions): ReturnType<typeof defaultResource> {
  const own = resourceFromAttributes({
    'service.name': 'atoma-node',
    'service.version': version,
    ...(smallId !== undefined && { [ATTR.smallId]: String(smallId) }),
  });
  return defaultResource()
    .merge(own)
    .merge(detectResources({ detectors: [envDetector] }));
}

/** What the SDK says of itself goes to the log, and its failures to send too, which {@link WatchedExporter} tells. */
function sayBy(logger: Logger, level: 'warn' | 'debug'): void {
  const say = (message: string): void => logger[level](`OpenTelemetry: ${message}`);
  const whisper = (message: string): void => logger.trace(`OpenTelemetry: ${message}`);
  const logLevel = diagLogLevelFromString(process.env['OTEL_LOG_LEVEL']) ?? DiagLogLevel.WARN;
  diag.setLogger(
    { error: say, warn: say, info: whisper, debug: whisper, verbose: whisper },
    { logLevel, suppressOverrideMessage: true },
  );
  setGlobalErrorHandler((error) => logger.debug(`OpenTelemetry: ${messageOf(error)}`));
}
