import type { Logger } from 'pino';
import type { JobObserver, TicketNews, TicketObserver } from '../core/index.js';
import { Meters } from './meters/meters.js';
import { Tracing } from './tracing/tracing.js';

export interface TelemetryOptions {
  /** Whether spans are made. */
  readonly tracing: boolean;
  /** Of the node. */
  readonly version: string;
}

/** What the node measures of its work, and tells of it: metrics always, traces where they are asked for. */
export class Telemetry implements TicketObserver {
  readonly meters: Meters;
  /** For the scheduler. */
  readonly observers: readonly JobObserver[];
  readonly #tracing: Tracing | undefined;
  readonly #ticketObservers: readonly TicketObserver[];

  constructor(options: TelemetryOptions, modules: { readonly logger: Logger }) {
    this.meters = new Meters();
    this.#tracing = options.tracing ? new Tracing(options, modules) : undefined;
    const parts = this.#tracing === undefined ? [this.meters] : [this.meters, this.#tracing];
    this.observers = parts;
    this.#ticketObservers = parts;
  }

  onTicket(id: string, news: TicketNews): void {
    for (const observer of this.#ticketObservers) observer.onTicket(id, news);
  }

  /** Sends what was not sent yet, and ends. */
  async stop(): Promise<void> {
    this.meters.stop();
    await this.#tracing?.stop();
  }
}
