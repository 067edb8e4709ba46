import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  type SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { ATTR, errorTypeOf } from './attributes.js';
import type { TraceClock } from './clock.js';
import type { TraceIds } from './trace-ids.js';

/** A span that is open, with the context in which its children begin. */
export interface OpenSpan {
  readonly span: Span;
  readonly context: Context;
  /** ms since 1970. */
  readonly startedAtMs: number;
}

interface Beginning {
  /** Default: a trace of its own. */
  readonly parent?: Context | undefined;
  /** Default: now; ms since 1970. */
  readonly startMs?: number | undefined;
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
}

/** Begins and ends spans by one clock, so that a child never lies outside its parent. */
export class Spans {
  readonly #tracer: Tracer;
  readonly #ids: TraceIds;
  readonly #clock: TraceClock;

  constructor(modules: { readonly tracer: Tracer; readonly ids: TraceIds; readonly clock: TraceClock }) {
    this.#tracer = modules.tracer;
    this.#ids = modules.ids;
    this.#clock = modules.clock;
  }

  /** ms since 1970. */
  now(): number {
    return this.#clock.now();
  }

  begin(
    name: string,
    { parent = ROOT_CONTEXT, startMs = this.now(), kind, attributes }: Beginning,
  ): OpenSpan {
    const options = {
      startTime: startMs,
      ...(kind !== undefined && { kind }),
      ...(attributes && { attributes }),
    };
    const span = this.#tracer.startSpan(name, options, parent);
    return { span, context: trace.setSpan(parent, span), startedAtMs: startMs };
  }

  /** A span without a parent, in a trace that others know as well. */
  beginIn(traceId: string, name: string, beginning: Omit<Beginning, 'parent'>): OpenSpan {
    return this.#ids.within(traceId, () => this.begin(name, beginning));
  }

  /** What is over already. */
  add(name: string, beginning: Beginning, endMs?: number): void {
    const { span } = this.begin(name, beginning);
    span.end(endMs ?? this.now());
  }

  end({ span }: OpenSpan, attributes: Attributes = {}): void {
    span.setAttributes(attributes);
    span.end(this.now());
  }

  /** Its code alone is told: the message of an error can quote what a client sent. */
  fail(open: OpenSpan, error: unknown, attributes: Attributes = {}): void {
    const code = errorTypeOf(error);
    open.span.setStatus({ code: SpanStatusCode.ERROR, message: code });
    this.end(open, { ...attributes, [ATTR.errorType]: code });
  }
}
