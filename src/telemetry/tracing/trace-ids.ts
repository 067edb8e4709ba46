import { createHash } from 'node:crypto';
import { type IdGenerator, RandomIdGenerator } from '@opentelemetry/sdk-trace-base';

/** Hex digits of a trace id (W3C Trace Context, 3.2.2.3). */
const TRACE_ID_DIGITS = 32;
const NO_TRACE = /^0+$/;

/**
 * The trace of a ticket: the first 32 digits of its id, which is a hash. So whoever has the ticket has the trace, a
 * node that starts anew goes on with it, and what several nodes do for one ticket is one trace where they send it to
 * the same place.
 */
export function traceIdOf(ticketId: string): string {
  const [, digits] = /^0x([0-9a-f]{32})/.exec(ticketId) ?? [];
  if (digits !== undefined && !NO_TRACE.test(digits)) return digits;
  return createHash('sha256').update(ticketId).digest('hex').slice(0, TRACE_ID_DIGITS);
}

/** Random ids, but for traces that have one already. */
export class TraceIds implements IdGenerator {
  readonly #random = new RandomIdGenerator();
  #next: string | undefined;

  /** A root span that `begin` starts is of this trace. */
  within<T>(traceId: string, begin: () => T): T {
    this.#next = traceId;
    try {
      return begin();
    } finally {
      this.#next = undefined;
    }
  }

  readonly generateTraceId = (): string => this.#next ?? this.#random.generateTraceId();

  readonly generateSpanId = (): string => this.#random.generateSpanId();
}
