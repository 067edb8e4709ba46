import { z } from 'zod';
import type { AwaitedSettlement } from '../core/index.js';
import type { Database } from './database.js';

const Row = z.object({ ticket_id: z.string(), due: z.number(), attempts: z.number(), sent: z.number() });
const DueRow = z.object({ due: z.number().nullable() });

/** Tickets that this node has committed to, until they settle or are disputed: when to ask the chain for that. */
export class SettlementTable {
  readonly #database: Database;

  constructor(modules: { readonly database: Database }) {
    this.#database = modules.database;
  }

  /** Waits for a ticket's settlement; one that is waited for already stays as it is. */
  await(ticketId: string, model: string, dueMs: number): void {
    const sql = 'INSERT INTO settlements (ticket_id, model, due) VALUES (?, ?, ?) ON CONFLICT DO NOTHING';
    this.#write(sql, ticketId, model, Math.round(dueMs));
  }

  /** Asks later, at a time that another round of the ticket brings; the attempts so far do not count any more. */
  defer(ticketId: string, dueMs: number): void {
    const sql = 'UPDATE settlements SET due = ?, attempts = 0, waiting = 0 WHERE ticket_id = ?';
    this.#write(sql, Math.round(dueMs), ticketId);
  }

  /** The chain was asked in vain. @param paid whether a transaction was sent */
  tried(ticketId: string, dueMs: number, paid: boolean): void {
    const sql =
      'UPDATE settlements SET due = ?, attempts = attempts + 1, sent = sent + ? WHERE ticket_id = ?';
    this.#write(sql, Math.round(dueMs), paid ? 1 : 0, ticketId);
  }

  /** The echelon has too few nodes for it now. */
  lacksNodes(ticketId: string): void {
    this.#write('UPDATE settlements SET waiting = 1 WHERE ticket_id = ?', ticketId);
  }

  /** A node joined an echelon of a model. @returns whether that may settle a ticket, which is then due */
  nodeJoined(model: string, dueMs: number): boolean {
    const sql = 'UPDATE settlements SET due = ?, waiting = 0 WHERE waiting = 1 AND model = ?';
    return this.#write(sql, Math.round(dueMs), model) > 0;
  }

  /** Waits no longer. */
  drop(ticketId: string): void {
    this.#write('DELETE FROM settlements WHERE ticket_id = ?', ticketId);
  }

  /** Those that are due, the earliest first. */
  due(nowMs: number, limit: number): readonly AwaitedSettlement[] {
    const sql = 'SELECT * FROM settlements WHERE due <= ? ORDER BY due LIMIT ?';
    return this.#database.all(sql, nowMs, limit).map((found) => {
      const { ticket_id: ticketId, due: dueMs, attempts, sent } = Row.parse(found);
      return { ticketId, dueMs, attempts, sent };
    });
  }

  /** When the next one is due, ms since 1970. */
  nextDue(): number | undefined {
    return DueRow.parse(this.#database.get('SELECT min(due) AS due FROM settlements')).due ?? undefined;
  }

  #write(sql: string, ...values: readonly (string | number)[]): number {
    return this.#database.write(() => this.#database.run(sql, ...values));
  }
}
