import { z } from 'zod';
import type { ErrorData, PromptEvent, Ticket, TicketAnswer, TicketState, TicketStep } from '../core/index.js';
import type { Database } from './database.js';
import {
  answerFromJson,
  answerToJson,
  errorFromJson,
  errorToJson,
  paramsFromJson,
  paramsToJson,
} from './json.js';
import { mayGo, OPEN_STATES } from './transitions.js';

/** What may change with a step of a ticket. */
export interface TicketChange {
  readonly reason?: string;
  readonly answer?: TicketAnswer;
  readonly digest?: string;
  readonly error?: ErrorData;
  readonly firstTokenAtMs?: number;
  /** It was committed after its deadline. */
  readonly late?: boolean;
}

const STATES = [
  'received',
  'running',
  'answered',
  'committing',
  'committed',
  'settled',
  'disputed',
  'skipped',
  'failed',
] as const satisfies readonly TicketState[];
const State = z.enum(STATES);

const Row = z.object({
  seq: z.number(),
  id: z.string(),
  event_id: z.string(),
  params: z.string(),
  leaf_index: z.string(),
  chunks_count: z.string(),
  output_destination: z.instanceof(Uint8Array),
  received_at: z.number(),
  deadline: z.number(),
  first_token_at: z.number().nullable(),
  state: State,
  answer: z.string().nullable(),
  error: z.string().nullable(),
  digest: z.string().nullable(),
  late: z.number(),
});
const StepRow = z.object({ state: State, at: z.number(), reason: z.string().nullable() });
const StateRow = z.object({ seq: z.number(), state: State, deadline: z.number() });
const IdRow = z.object({ id: z.string() });
const Count = z.object({ state: State, n: z.number(), late: z.number() });

const INSERT = `INSERT INTO tickets
  (id, event_id, params, leaf_index, chunks_count, output_destination, received_at, deadline, state)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'received') ON CONFLICT (id) DO NOTHING`;
const UPDATE = `UPDATE tickets SET state = ?, late = max(late, ?), answer = coalesce(?, answer),
  digest = coalesce(?, digest), error = coalesce(?, error), first_token_at = coalesce(?, first_token_at)
  WHERE seq = ?`;
const ADD_STEP = `INSERT INTO steps (ticket, n, state, at, reason)
  VALUES (?, (SELECT count(*) FROM steps WHERE ticket = ?), ?, ?, ?)`;
/**
 * In the very words of the index, which SQLite would not choose by itself: it would gather all open tickets and
 * sort them.
 */
const OPEN = `SELECT id FROM tickets INDEXED BY tickets_open
  WHERE state IN (${OPEN_STATES.map((state) => `'${state}'`).join(', ')})`;
const BY_DEADLINE = 'ORDER BY deadline, seq LIMIT ?';

/** States that a ticket enters too late, where it enters them after its deadline. */
const LATE_STATES: ReadonlySet<TicketState> = new Set(['committed', 'failed', 'skipped']);

/** The tickets that concerned this node, and every step of theirs. */
export class TicketTable {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(modules: { readonly database: Database; readonly now: () => number }) {
    this.#database = modules.database;
    this.#now = modules.now;
  }

  /** Enters a ticket as `received`; false where it is there already. */
  open(event: PromptEvent, leafIndex: bigint, deadlineMs: number): boolean {
    const atMs = this.#now();
    const added = this.#database.run(
      INSERT,
      event.ticketId,
      event.id,
      paramsToJson(event.params),
      leafIndex.toString(),
      event.chunksCount.toString(),
      event.outputDestination,
      atMs,
      Math.round(deadlineMs),
    );
    if (added === 0) return false;
    const row = this.#state(event.ticketId);
    if (row !== undefined) this.#addStep(row.seq, 'received', atMs, undefined);
    return true;
  }

  /** Moves a ticket on; undefined where it cannot go there from where it stands, else the state it left. */
  step(id: string, to: TicketState, change: TicketChange): TicketState | undefined {
    const row = this.#state(id);
    if (row === undefined || !mayGo(row.state, to)) return undefined;
    const atMs = this.#now();
    // A ticket that settles while the node still has something to do for it has overtaken the node.
    const ends = LATE_STATES.has(to) || (to === 'settled' && OPEN_STATES.includes(row.state));
    const late = ends && atMs > row.deadline;
    this.#update(row.seq, to, late, change);
    this.#addStep(row.seq, to, atMs, change.reason);
    return row.state;
  }

  /** Adds what became known of a ticket after the chain had already moved it on. */
  amend(id: string, change: Omit<TicketChange, 'reason'>): void {
    const row = this.#state(id);
    if (row !== undefined) this.#update(row.seq, row.state, change.late ?? false, change);
  }

  get(id: string): Ticket | undefined {
    const found = this.#database.get('SELECT * FROM tickets WHERE id = ?', id);
    return found === undefined ? undefined : this.#toTicket(found);
  }

  /** ms since 1970; undefined for a ticket that is not known. Much cheaper than the whole ticket. */
  deadline(id: string): number | undefined {
    return this.#state(id)?.deadline;
  }

  /** Newest first. */
  list(query: { readonly state: TicketState | undefined; readonly limit: number }): readonly Ticket[] {
    const { state, limit } = query;
    const rows =
      state === undefined
        ? this.#database.all('SELECT * FROM tickets ORDER BY seq DESC LIMIT ?', limit)
        : this.#database.all('SELECT * FROM tickets WHERE state = ? ORDER BY seq DESC LIMIT ?', state, limit);
    return rows.map((row) => this.#toTicket(row));
  }

  /** Ids of open tickets by deadline; those whose deadline has passed come last. */
  openIds(limit: number): readonly string[] {
    const nowMs = this.#now();
    const onTime = this.#database.all(`${OPEN} AND deadline >= ? ${BY_DEADLINE}`, nowMs, limit);
    const late = this.#database.all(`${OPEN} AND deadline < ? ${BY_DEADLINE}`, nowMs, limit - onTime.length);
    return [...onTime, ...late].map((row) => IdRow.parse(row).id);
  }

  counts(): { readonly byState: Partial<Record<TicketState, number>>; readonly late: number } {
    const byState: Partial<Record<TicketState, number>> = {};
    let late = 0;
    for (const row of this.#database.all('SELECT state, n, late FROM ticket_counts WHERE n > 0')) {
      const count = Count.parse(row);
      byState[count.state] = count.n;
      late += count.late;
    }
    return { byState, late };
  }

  #state(id: string): z.infer<typeof StateRow> | undefined {
    const found = this.#database.get('SELECT seq, state, deadline FROM tickets WHERE id = ?', id);
    return found === undefined ? undefined : StateRow.parse(found);
  }

  #update(seq: number, state: TicketState, late: boolean, change: Omit<TicketChange, 'reason'>): void {
    const { answer, error, digest, firstTokenAtMs } = change;
    this.#database.run(
      UPDATE,
      state,
      late ? 1 : 0,
      answer === undefined ? null : answerToJson(answer),
      digest ?? null,
      error === undefined ? null : errorToJson(error),
      firstTokenAtMs === undefined ? null : Math.round(firstTokenAtMs),
      seq,
    );
  }

  #addStep(seq: number, state: TicketState, atMs: number, reason: string | undefined): void {
    this.#database.run(ADD_STEP, seq, seq, state, atMs, reason ?? null);
  }

  #toTicket(found: unknown): Ticket {
    const row = Row.parse(found);
    return {
      id: row.id,
      eventId: row.event_id,
      params: paramsFromJson(row.params),
      leafIndex: BigInt(row.leaf_index),
      chunksCount: BigInt(row.chunks_count),
      outputDestination: row.output_destination,
      receivedAtMs: row.received_at,
      deadlineMs: row.deadline,
      firstTokenAtMs: row.first_token_at ?? undefined,
      state: row.state,
      history: this.#history(row.seq),
      answer: row.answer === null ? undefined : answerFromJson(row.answer),
      digest: row.digest ?? undefined,
      error: row.error === null ? undefined : errorFromJson(row.error),
      late: row.late === 1,
    };
  }

  #history(seq: number): readonly TicketStep[] {
    return this.#database
      .all('SELECT state, at, reason FROM steps WHERE ticket = ? ORDER BY n', seq)
      .map((row) => StepRow.parse(row))
      .map(({ state, at, reason }) => ({ state, atMs: at, reason: reason ?? undefined }));
  }
}
