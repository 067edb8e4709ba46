import type { Context } from '@opentelemetry/api';
import type { Logger } from 'pino';
import type { Job, JobEnd, JobObserver, TicketNews, TicketObserver } from '../../core/index.js';
import { CallSpans } from './call-spans.js';
import { TraceClock } from './clock.js';
import { JobSpans } from './job-spans.js';
import { withTraceIds } from './log-trace-ids.js';
import { type ProviderOptions, SpanProvider } from './provider.js';
import { Spans } from './spans.js';
import { TicketSpans } from './ticket-spans.js';
import { TraceIds } from './trace-ids.js';

/** Spans of what the node does, from a chain's event or a client's request to the end. */
export class Tracing implements JobObserver, TicketObserver {
  readonly calls: CallSpans;
  readonly #provider: SpanProvider;
  readonly #tickets: TicketSpans;
  readonly #jobs: JobSpans;

  private constructor(provider: SpanProvider, ids: TraceIds) {
    this.#provider = provider;
    const spans = new Spans({ tracer: provider.tracer, ids, clock: new TraceClock() });
    this.calls = new CallSpans({ spans });
    this.#tickets = new TicketSpans({ spans });
    this.#jobs = new JobSpans({
      spans,
      parentOf: ({ id }, lane) => this.#contextOf(lane === 'ticket' ? id : undefined),
    });
  }

  static async start(options: ProviderOptions, modules: { readonly logger: Logger }): Promise<Tracing> {
    const ids = new TraceIds();
    return new Tracing(await SpanProvider.start(options, { ids, ...modules }), ids);
  }

  /** The log with the ids of traces. */
  logger(logger: Logger): Logger {
    return withTraceIds(logger, (ticketId) => this.#contextOf(ticketId));
  }

  onSubmitted(job: Job, lane: 'ticket' | 'request'): void {
    this.#jobs.onSubmitted(job, lane);
  }

  onStarted(job: Job, executor: string, queuedMs: number): void {
    this.#jobs.onStarted(job, executor, queuedMs);
  }

  onEnded(job: Job, lane: 'ticket' | 'request', end: JobEnd): void {
    this.#jobs.onEnded(job, lane, end);
    if (lane === 'ticket') this.#tickets.ran(job.id);
  }

  onTicket(id: string, news: TicketNews): void {
    this.#tickets.onTicket(id, news);
  }

  /** Sends what was not sent yet. */
  async stop(): Promise<void> {
    this.#tickets.stop();
    await this.#provider.stop();
  }

  #contextOf(ticketId: string | undefined): Context | undefined {
    return ticketId === undefined ? this.calls.current : this.#tickets.contextOf(ticketId);
  }
}
