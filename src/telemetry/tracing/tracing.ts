import type { Logger } from 'pino';
import type { Job, JobEnd, JobObserver, TicketNews, TicketObserver } from '../../core/index.js';

interface TracingOptions {
  /** Of the node. */
  readonly version: string;
}

/** Spans of what the node does. */
export class Tracing implements JobObserver, TicketObserver {
  constructor(_options: TracingOptions, _modules: { readonly logger: Logger }) {}

  onSubmitted(_job: Job, _lane: 'ticket' | 'request'): void {}

  onStarted(_job: Job, _executor: string, _queuedMs: number): void {}

  onEnded(_job: Job, _lane: 'ticket' | 'request', _end: JobEnd): void {}

  onTicket(_id: string, _news: TicketNews): void {}

  /** Sends what was not sent yet. */
  async stop(): Promise<void> {}
}
