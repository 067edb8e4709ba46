import { type Context, trace } from '@opentelemetry/api';
import type { Logger } from 'pino';

/**
 * The log with `trace_id`, `span_id` and `trace_flags` in each line that is of a ticket or a call, named as
 * OpenTelemetry names them in logs that are not OTLP
 * (https://opentelemetry.io/docs/specs/otel/compatibility/logging_trace_context/).
 * @param contextOf where the line was written, or what the ticket that it names is traced as
 */
export function withTraceIds(
  logger: Logger,
  contextOf: (ticketId: string | undefined) => Context | undefined,
): Logger {
  const log = (fields: object): object => {
    const context = contextOf(ticketOf(fields));
    const ids = context === undefined ? undefined : trace.getSpanContext(context);
    if (ids === undefined) return fields;
    const flags = ids.traceFlags.toString(16).padStart(2, '0');
    return { ...fields, trace_id: ids.traceId, span_id: ids.spanId, trace_flags: flags };
  };
  return logger.child({}, { formatters: { log } });
}

function ticketOf(fields: { readonly ticket?: unknown; readonly ticketId?: unknown }): string | undefined {
  const named = fields.ticket ?? fields.ticketId;
  return typeof named === 'string' ? named : undefined;
}
