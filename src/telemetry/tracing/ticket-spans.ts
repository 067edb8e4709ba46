import { type Context, SpanKind } from '@opentelemetry/api';
import type { Ticket, TicketNews, TicketObserver } from '../../core/index.js';
import { ATTR, ticketAttributes } from './attributes.js';
import type { OpenSpan, Spans } from './spans.js';
import { traceIdOf } from './trace-ids.js';

/** Tickets whose spans are open, each some KB: more of a backlog than this is not traced from its event on. */
const MAX_OPEN = 4096;
/** Committed tickets that are remembered until they settle, each some 200 bytes. */
const MAX_COMMITTED = 10_000;

interface TicketSpan {
  readonly root: OpenSpan;
  /** The attempt to commit that is under way. */
  commit: OpenSpan | undefined;
  /** The part of it that is under way. */
  step: OpenSpan | undefined;
  /** When the last run ended, ms since 1970. */
  ranAtMs: number | undefined;
}

interface Committed {
  readonly context: Context;
  readonly atMs: number;
}

/**
 * A root span for each ticket, from its event to its commitment, in the trace that {@link traceIdOf} names. What
 * comes later, the settlement, is added to the trace when it has come.
 */
export class TicketSpans implements TicketObserver {
  readonly #spans: Spans;
  readonly #open = new Map<string, TicketSpan>();
  readonly #committed = new Map<string, Committed>();

  constructor(modules: { readonly spans: Spans }) {
    this.#spans = modules.spans;
  }

  /** The context for what is done for a ticket; undefined where its root span is not open. */
  contextOf(id: string): Context | undefined {
    return this.#open.get(id)?.root.context ?? this.#committed.get(id)?.context;
  }

  onTicket(id: string, news: TicketNews): void {
    if (news.kind === 'journalled') this.#journalled(id, news.seenAtMs);
    else if (news.kind === 'taken') this.#taken(news.ticket);
    else if (news.kind === 'answered') this.#answered(id);
    else if (news.kind === 'sending') this.#sending(id);
    else if (news.kind === 'signed') this.#signed(id, news.digest);
    else if (news.kind === 'sent') this.#sent(id, news.error);
    else if (news.kind === 'committed') this.#commit(id, news.digest, news.late);
    else if (news.kind === 'disputed' || news.kind === 'settled') this.#after(id, news.kind);
    else this.#left(id, news);
  }

  /** A run of it has ended. */
  ran(id: string): void {
    const ticket = this.#open.get(id);
    if (ticket !== undefined) ticket.ranAtMs = this.#spans.now();
  }

  /** Ends what is open: the node stops. */
  stop(): void {
    for (const id of [...this.#open.keys()]) {
      this.#end(id, (root) => this.#spans.end(root, { [ATTR.ticketOutcome]: 'handed_back' }));
    }
  }

  #journalled(id: string, seenAtMs: number): void {
    const ticket = this.#begin(id, seenAtMs);
    if (ticket === undefined) return;
    this.#spans.add('journal event', { parent: ticket.root.context, startMs: seenAtMs });
  }

  #taken(ticket: Ticket): void {
    const isNew = !this.#open.has(ticket.id);
    const open = this.#open.get(ticket.id) ?? this.#begin(ticket.id, this.#spans.now());
    open?.root.span.setAttributes({
      ...ticketAttributes(ticket),
      // Of a node that was started anew, or of a ticket that was handed back.
      ...(isNew && { 'atoma.ticket.taken_up_again': true }),
    });
  }

  #begin(id: string, startMs: number): TicketSpan | undefined {
    if (this.#open.size >= MAX_OPEN) return undefined;
    const root = this.#spans.beginIn(traceIdOf(id), 'ticket', {
      startMs,
      kind: SpanKind.CONSUMER,
      attributes: { [ATTR.ticketId]: id },
    });
    const ticket = { root, commit: undefined, step: undefined, ranAtMs: undefined };
    this.#open.set(id, ticket);
    return ticket;
  }

  #answered(id: string): void {
    const ticket = this.#open.get(id);
    if (ticket?.ranAtMs === undefined) return;
    this.#spans.add('journal answer', { parent: ticket.root.context, startMs: ticket.ranAtMs });
  }

  #sending(id: string): void {
    const ticket = this.#open.get(id);
    if (ticket === undefined) return;
    ticket.commit = this.#spans.begin('commit', { parent: ticket.root.context });
    ticket.step = this.#spans.begin('build and sign', { parent: ticket.commit.context });
  }

  #signed(id: string, digest: string): void {
    const ticket = this.#open.get(id);
    if (ticket?.commit === undefined || ticket.step === undefined) return;
    this.#spans.end(ticket.step);
    ticket.step = this.#spans.begin('submit', {
      parent: ticket.commit.context,
      kind: SpanKind.CLIENT,
      attributes: { [ATTR.digest]: digest },
    });
  }

  #sent(id: string, error: unknown): void {
    const ticket = this.#open.get(id);
    for (const open of [ticket?.step, ticket?.commit]) {
      if (open === undefined) continue;
      if (error === undefined) this.#spans.end(open);
      else this.#spans.fail(open, error);
    }
    if (ticket !== undefined) ticket.commit = ticket.step = undefined;
  }

  #commit(id: string, digest: string | undefined, late: boolean): void {
    const context = this.#open.get(id)?.root.context;
    this.#end(id, (root) => {
      this.#spans.end(root, {
        [ATTR.ticketOutcome]: 'committed',
        'atoma.ticket.late': late,
        ...(digest !== undefined && { [ATTR.digest]: digest }),
      });
    });
    if (context !== undefined) this.#remember(id, context);
  }

  #remember(id: string, context: Context): void {
    const [oldest] = this.#committed.keys();
    if (this.#committed.size >= MAX_COMMITTED && oldest !== undefined) this.#committed.delete(oldest);
    this.#committed.set(id, { context, atMs: this.#spans.now() });
  }

  /** It ends here without a commitment of this life of the node. */
  #left(id: string, news: Extract<TicketNews, { kind: 'handed_back' | 'skipped' | 'failed' }>): void {
    const outcome = { [ATTR.ticketOutcome]: news.kind };
    if (news.kind === 'handed_back') this.#end(id, (root) => this.#spans.end(root, outcome));
    else this.#end(id, (root) => this.#spans.fail(root, news.error, outcome));
  }

  #end(id: string, end: (root: OpenSpan) => void): void {
    const ticket = this.#open.get(id);
    if (ticket === undefined) return;
    this.#open.delete(id);
    for (const open of [ticket.step, ticket.commit]) if (open !== undefined) this.#spans.end(open);
    end(ticket.root);
  }

  /**
   * What the chain says of a ticket that this node has committed to, perhaps in a life before this one. It can be
   * here before the answer to the commitment is.
   */
  #after(id: string, kind: 'disputed' | 'settled'): void {
    const name = kind === 'settled' ? 'settlement' : 'dispute';
    const parent = this.contextOf(id);
    const beginning = { startMs: this.#committed.get(id)?.atMs, attributes: { [ATTR.ticketId]: id } };
    if (parent !== undefined) this.#spans.add(name, { ...beginning, parent });
    else this.#spans.end(this.#spans.beginIn(traceIdOf(id), name, beginning));
    if (kind === 'settled') this.#committed.delete(id);
  }
}
