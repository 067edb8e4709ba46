import type { Logger } from 'pino';
import type { CallObserver, JobObserver, TicketNews, TicketObserver } from '../core/index.js';
import { Meters } from './meters/meters.js';
import type { Tracing } from './tracing/tracing.js';

export interface TelemetryOptions {
  /** Whether spans are made. */
  readonly tracing: boolean;
  /** Of the node. */
  readonly version: string;
  /** The node's number on its chain; undefined without a chain. */
  readonly smallId: bigint | undefined;
}

/** What the node measures of its work, and tells of it: metrics always, traces where they are asked for. */
export class Telemetry implements TicketObserver {
  readonly meters: Meters;
  /** For the scheduler. */
  readonly observers: readonly JobObserver[];
  /** For RPC; undefined where nobody wants to know. */
  readonly calls: CallObserver | undefined;
  /** The node's log, which names the traces that its lines belong to. */
  readonly logger: Logger;
  readonly #tracing: Tracing | undefined;
  readonly #ticketObservers: readonly TicketObserver[];

  private constructor(tracing: Tracing | undefined, logger: Logger) {
    this.meters = new Meters();
    this.#tracing = tracing;
    const parts = tracing === undefined ? [this.meters] : [this.meters, tracing];
    this.observers = parts;
    this.#ticketObservers = parts;
    this.calls = tracing?.calls;
    this.logger = tracing?.logger(logger) ?? logger;
  }

  static async start(options: TelemetryOptions, modules: { readonly logger: Logger }): Promise<Telemetry> {
    const tracing = options.tracing ? await startTracing(options, modules) : undefined;
    return new Telemetry(tracing, modules.logger);
  }

  onTicket(id: string, news: TicketNews): void {
    for (const observer of this.#ticketObservers) observer.onTicket(id, news);
  }

  /** Sends what was not sent yet, and ends. */
  async stop(): Promise<void> {
    await this.#tracing?.stop();
  }
}

/** Loaded here: a node that does not trace does not load OpenTelemetry's SDK. */
async function startTracing(
  options: TelemetryOptions,
  modules: { readonly logger: Logger },
): Promise<Tracing> {
  const { Tracing } = await import('./tracing/tracing.js');
  return await Tracing.start(options, modules);
}
