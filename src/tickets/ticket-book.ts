import type { ErrorData, PromptEvent, Ticket, TicketAnswer, TicketState } from '../core/index.js';

export interface TicketBookOptions {
  /** Tickets that have ended are kept up to this number; the oldest go first. */
  readonly maxEnded: number;
}

export const TICKET_BOOK_DEFAULTS: TicketBookOptions = { maxEnded: 10_000 };

/** What may change with a step of a ticket. */
export interface TicketChange {
  readonly reason?: string;
  readonly answer?: TicketAnswer;
  readonly digest?: string;
  readonly error?: ErrorData;
}

const ENDED: ReadonlySet<TicketState> = new Set(['settled', 'disputed', 'skipped', 'failed']);

/**
 * Where each state may go. `answered` and later can be overtaken by the chain (a ticket that others settle
 * or dispute); a ticket that ended stays so, but for a dispute that settles.
 */
const NEXT: Readonly<Record<TicketState, readonly TicketState[]>> = {
  received: ['running', 'skipped', 'failed', 'settled', 'disputed'],
  running: ['answered', 'skipped', 'failed', 'settled', 'disputed'],
  answered: ['committing', 'failed', 'settled', 'disputed'],
  committing: ['committed', 'failed', 'settled', 'disputed'],
  committed: ['settled', 'disputed', 'failed'],
  disputed: ['settled'],
  settled: [],
  skipped: [],
  failed: ['settled', 'disputed'],
};

/** Every ticket that concerned this node since it started, in memory. */
export class TicketBook {
  readonly #options: TicketBookOptions;
  readonly #tickets = new Map<string, Ticket>();
  readonly #ended: string[] = [];
  readonly #now: () => number;

  /** @param modules `now` is the clock, ms since 1970 */
  constructor(options: TicketBookOptions, modules: { readonly now: () => number } = { now: Date.now }) {
    this.#options = options;
    this.#now = modules.now;
  }

  /** Enters a ticket as `received`; undefined where it is in the book already. */
  open(event: PromptEvent, leafIndex: bigint, deadlineMs: number): Ticket | undefined {
    if (this.#tickets.has(event.ticketId)) return undefined;
    const atMs = this.#now();
    const ticket: Ticket = {
      id: event.ticketId,
      eventId: event.id,
      params: event.params,
      leafIndex,
      chunksCount: event.chunksCount,
      outputDestination: event.outputDestination,
      receivedAtMs: atMs,
      deadlineMs,
      firstTokenAtMs: undefined,
      state: 'received',
      history: [{ state: 'received', atMs, reason: undefined }],
      answer: undefined,
      digest: undefined,
      error: undefined,
    };
    this.#tickets.set(ticket.id, ticket);
    return ticket;
  }

  /** Moves a ticket on; false where it cannot go there from where it stands (its state then stays). */
  step(id: string, state: TicketState, change: TicketChange = {}): boolean {
    const ticket = this.#tickets.get(id);
    if (ticket === undefined || !NEXT[ticket.state].includes(state)) return false;
    const wasEnded = ENDED.has(ticket.state);
    this.#tickets.set(id, {
      ...ticket,
      state,
      history: [...ticket.history, { state, atMs: this.#now(), reason: change.reason }],
      answer: change.answer ?? ticket.answer,
      digest: change.digest ?? ticket.digest,
      error: change.error ?? ticket.error,
    });
    if (ENDED.has(state) && !wasEnded) this.#retire(id);
    return true;
  }

  /** Adds what became known of a ticket after the chain had already moved it on. */
  amend(id: string, change: Omit<TicketChange, 'reason'>): void {
    const ticket = this.#tickets.get(id);
    if (ticket !== undefined) this.#tickets.set(id, { ...ticket, ...change });
  }

  /** Notes the time of a ticket's first token, once. */
  firstToken(id: string): void {
    const ticket = this.#tickets.get(id);
    if (ticket !== undefined && ticket.firstTokenAtMs === undefined) {
      this.#tickets.set(id, { ...ticket, firstTokenAtMs: this.#now() });
    }
  }

  get(id: string): Ticket | undefined {
    return this.#tickets.get(id);
  }

  /** Newest first. */
  list(query: { readonly state: TicketState | undefined; readonly limit: number }): readonly Ticket[] {
    const found: Ticket[] = [];
    for (const ticket of [...this.#tickets.values()].reverse()) {
      if (found.length >= query.limit) break;
      if (query.state === undefined || ticket.state === query.state) found.push(ticket);
    }
    return found;
  }

  counts(): Readonly<Partial<Record<TicketState, number>>> {
    const counts: Partial<Record<TicketState, number>> = {};
    for (const { state } of this.#tickets.values()) counts[state] = (counts[state] ?? 0) + 1;
    return counts;
  }

  #retire(id: string): void {
    this.#ended.push(id);
    if (this.#ended.length <= this.#options.maxEnded) return;
    const oldest = this.#ended.shift();
    if (oldest !== undefined) this.#tickets.delete(oldest);
  }
}
