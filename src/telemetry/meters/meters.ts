import { Registry } from 'prom-client';
import type { Job, JobEnd, JobObserver, TicketNews, TicketObserver } from '../../core/index.js';
import { JobMeters } from './job-meters.js';
import { ModelLabels } from './model-labels.js';
import { TicketMeters } from './ticket-meters.js';

/** What the node counts and times of its jobs and tickets while it runs, as metrics of Prometheus. */
export class Meters implements JobObserver, TicketObserver {
  /** For whoever shows them. */
  readonly registry = new Registry();
  readonly #jobs: JobMeters;
  readonly #tickets: TicketMeters;

  constructor() {
    const { registry } = this;
    this.#jobs = new JobMeters({ registry, models: new ModelLabels(), now: () => performance.now() });
    this.#tickets = new TicketMeters({ registry, now: Date.now });
  }

  onSubmitted(job: Job): void {
    this.#jobs.onSubmitted(job);
  }

  onStarted(job: Job, executor: string): void {
    this.#jobs.onStarted(job, executor);
  }

  onEnded(job: Job, lane: 'ticket' | 'request', end: JobEnd): void {
    this.#jobs.onEnded(job, lane, end);
  }

  onTicket(id: string, news: TicketNews): void {
    this.#tickets.onTicket(id, news);
  }
}
