import type { SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { Logger } from 'pino';

/** Where spans go: OTLP's exporters read `OTEL_EXPORTER_OTLP_*` (endpoint, headers, TLS, timeout) by themselves. */
export interface SpanDestination {
  readonly exporter: SpanExporter;
  /** For the log: without a name or a password that may stand in it. */
  readonly endpoint: string;
}

const DEFAULT_PROTOCOL = 'http/protobuf';

/** Each loads its own exporter alone: the one for gRPC brings a library of its own. */
const EXPORTERS: Readonly<Record<string, () => Promise<SpanExporter>>> = {
  grpc: async () => new (await import('@opentelemetry/exporter-trace-otlp-grpc')).OTLPTraceExporter(),
  'http/json': async () => new (await import('@opentelemetry/exporter-trace-otlp-http')).OTLPTraceExporter(),
  'http/protobuf': async () =>
    new (await import('@opentelemetry/exporter-trace-otlp-proto')).OTLPTraceExporter(),
};

/**
 * The destination that the environment names, by OpenTelemetry's specification of the OTLP exporter
 * (https://opentelemetry.io/docs/specs/otel/protocol/exporter/). As it asks, what is not known there is warned of,
 * and the default holds.
 */
export async function createDestination(env: NodeJS.ProcessEnv, logger: Logger): Promise<SpanDestination> {
  const name = env['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] || env['OTEL_EXPORTER_OTLP_PROTOCOL'];
  const create = EXPORTERS[name ?? DEFAULT_PROTOCOL];
  if (create === undefined) {
    logger.warn(
      `OTEL_EXPORTER_OTLP_PROTOCOL is ${name}, wanted ${Object.keys(EXPORTERS).join(', ')}: using ${DEFAULT_PROTOCOL}`,
    );
  }
  const protocol = create === undefined || name === undefined ? DEFAULT_PROTOCOL : name;
  const exporter = await (create ?? EXPORTERS[DEFAULT_PROTOCOL])?.();
  if (exporter === undefined) throw new TypeError(`no exporter for ${protocol}`);
  return { exporter, endpoint: endpointOf(env, protocol) };
}

function endpointOf(env: NodeJS.ProcessEnv, protocol: string): string {
  const fallback = protocol === 'grpc' ? 'http://localhost:4317' : 'http://localhost:4318';
  const given = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (given === undefined) return fallback;
  // gRPC takes `host:port` as well.
  return URL.canParse(given) && new URL(given).host !== '' ? new URL(given).origin : given;
}
