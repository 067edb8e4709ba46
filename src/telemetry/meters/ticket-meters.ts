import { Counter, Histogram, type Registry } from 'prom-client';
import type { TicketNews, TicketObserver } from '../../core/index.js';
import { TICKET_SECONDS } from './buckets.js';

/** Each is shown from the start, so that the first one is a step of its rate. */
const STAGES = [
  'journalled',
  'answered',
  'committed',
  'settled',
  'disputed',
  'handed_back',
  'skipped',
  'failed',
] as const;

type Stage = (typeof STAGES)[number];

interface OpenTicket {
  /** ms since 1970. */
  readonly seenAtMs: number;
  /** When the attempt to commit that goes on began, ms since 1970; undefined where none goes on. */
  sendingAtMs: number | undefined;
  settled: boolean;
}

/** Tickets on their way from the chain's event to the commitment. */
export class TicketMeters implements TicketObserver {
  readonly #now: () => number;
  /** Those that this life of the node works on. */
  readonly #open = new Map<string, OpenTicket>();
  readonly #meters: ReturnType<typeof register>;

  /** @param modules.now ms since 1970 */
  constructor(modules: { readonly registry: Registry; readonly now: () => number }) {
    this.#now = modules.now;
    this.#meters = register(modules.registry);
    for (const stage of STAGES) this.#meters.stages.inc({ stage }, 0);
    this.#meters.commitments.inc({ result: 'ok' }, 0);
  }

  onTicket(id: string, news: TicketNews): void {
    if (isStage(news.kind)) this.#meters.stages.inc({ stage: news.kind });
    switch (news.kind) {
      case 'journalled':
        this.#begin(id, news.seenAtMs);
        break;
      case 'taken':
        // One from an earlier life of the node has only the journal's word for when it came.
        if (!this.#open.has(id)) this.#begin(id, news.ticket.receivedAtMs);
        break;
      case 'sending':
        this.#sending(id);
        break;
      case 'sent':
        this.#sent(id, news.error?.code);
        break;
      case 'settled':
        this.#settled(id);
        break;
      case 'skipped':
      case 'failed':
      case 'handed_back':
        this.#open.delete(id);
        break;
    }
  }

  #begin(id: string, seenAtMs: number): void {
    this.#open.set(id, { seenAtMs, sendingAtMs: undefined, settled: false });
  }

  #sending(id: string): void {
    const ticket = this.#open.get(id);
    if (ticket !== undefined) ticket.sendingAtMs = this.#now();
  }

  #sent(id: string, error: string | undefined): void {
    this.#meters.commitments.inc({ result: error ?? 'ok' });
    const ticket = this.#open.get(id);
    if (ticket?.sendingAtMs === undefined) return;
    this.#meters.commitmentTime.observe(this.#since(ticket.sendingAtMs));
    ticket.sendingAtMs = undefined;
    if (error === undefined) this.#meters.ticketTime.observe(this.#since(ticket.seenAtMs));
    if (error === undefined || ticket.settled) this.#open.delete(id);
  }

  /** It can be settled before the answer to the transaction that caused it is here. */
  #settled(id: string): void {
    const ticket = this.#open.get(id);
    if (ticket?.sendingAtMs === undefined) this.#open.delete(id);
    else ticket.settled = true;
  }

  /** Seconds; the system's clock may be set back meanwhile. */
  #since(ms: number): number {
    return Math.max(0, this.#now() - ms) / 1000;
  }
}

function isStage(kind: TicketNews['kind']): kind is Stage {
  return STAGES.some((stage) => stage === kind);
}

function register(registry: Registry) {
  const registers = [registry];
  return {
    stages: new Counter({
      name: 'atoma_ticket_stages_total',
      help: 'Tickets that reached a stage since the node started; atoma_tickets counts where those of the journal stand. handed_back went back to the journal for want of a device or at a stop.',
      labelNames: ['stage'] as const,
      registers,
    }),
    commitments: new Counter({
      name: 'atoma_commitments_total',
      help: 'Attempts to commit, by result: ok where the commitment stands, else the code of the error; most are tried again.',
      labelNames: ['result'] as const,
      registers,
    }),
    commitmentTime: new Histogram({
      name: 'atoma_commitment_duration_seconds',
      help: "Time of an attempt to commit: from its beginning, a wait for the wallet's turn included, to the chain's answer.",
      buckets: TICKET_SECONDS,
      registers,
    }),
    ticketTime: new Histogram({
      name: 'atoma_ticket_duration_seconds',
      help: "Time from the chain's event, as this node saw it, to the commitment that stands.",
      buckets: TICKET_SECONDS,
      registers,
    }),
  };
}
