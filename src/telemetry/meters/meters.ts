import { Registry } from 'prom-client';
import type { Job, JobEnd, JobObserver, TicketNews, TicketObserver } from '../../core/index.js';

/** What the node counts and times of its jobs and tickets while it runs. */
export class Meters implements JobObserver, TicketObserver {
  readonly registry = new Registry();

  onEnded(_job: Job, _lane: 'ticket' | 'request', _end: JobEnd): void {}

  onTicket(_id: string, _news: TicketNews): void {}

  stop(): void {}
}
