import { z } from 'zod';
import type { PromptEvent } from '../core/index.js';
import type { Database } from './database.js';
import { promptFromJson, promptToJson } from './json.js';

/** This node was sampled for a ticket after its prompt event. */
export interface Sampling {
  readonly ticketId: string;
  readonly leafIndex: bigint;
  /** ms since 1970. */
  readonly deadlineMs: number;
}

const EventRow = z.object({ event: z.string() });
const SamplingRow = z.object({ ticket_id: z.string(), leaf_index: z.string(), deadline: z.number() });

/** Prompts of tickets that have not settled, whoever was sampled for them, and samplings that want one. */
export class PromptTable {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(modules: { readonly database: Database; readonly now: () => number }) {
    this.#database = modules.database;
    this.#now = modules.now;
  }

  keep(event: PromptEvent): void {
    const { ticketId } = event;
    const sql = 'INSERT INTO prompts (hash, ticket_id, event, seen_at) VALUES (?, ?, ?, ?)';
    this.#database.run(sql, hashOf(ticketId), ticketId, promptToJson(event), this.#now());
  }

  find(ticketId: string): PromptEvent | undefined {
    const sql = 'SELECT event FROM prompts WHERE hash = ? AND ticket_id = ? LIMIT 1';
    const found = this.#database.get(sql, hashOf(ticketId), ticketId);
    return found === undefined ? undefined : promptFromJson(ticketId, EventRow.parse(found).event);
  }

  drop(ticketId: string): void {
    const sql = 'DELETE FROM prompts WHERE hash = ? AND ticket_id = ?';
    this.#database.run(sql, hashOf(ticketId), ticketId);
  }

  /** Drops prompts seen before `beforeMs` (ms since 1970), whose settlement will hardly come. */
  dropOlder(beforeMs: number): void {
    this.#database.run('DELETE FROM prompts WHERE seen_at < ?', beforeMs);
  }

  addSampling({ ticketId, leafIndex, deadlineMs }: Sampling): void {
    this.#database.run(
      'INSERT INTO samplings (ticket_id, leaf_index, deadline) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
      ticketId,
      leafIndex.toString(),
      Math.round(deadlineMs),
    );
  }

  dropSampling(ticketId: string): void {
    this.#database.run('DELETE FROM samplings WHERE ticket_id = ?', ticketId);
  }

  /** Those whose prompt is still to be found. */
  samplings(): readonly Sampling[] {
    return this.#database
      .all('SELECT * FROM samplings ORDER BY deadline')
      .map((row) => SamplingRow.parse(row))
      .map(({ ticket_id, leaf_index, deadline }) => ({
        ticketId: ticket_id,
        leafIndex: BigInt(leaf_index),
        deadlineMs: deadline,
      }));
  }
}

/** FNV-1a, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
