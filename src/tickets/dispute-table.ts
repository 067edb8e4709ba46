import { z } from 'zod';
import type { Dispute, DisputeState, Finding, OracleVerdict } from '../core/index.js';
import type { Database } from './database.js';
import { findingsFromJson, findingsToJson, verdictFromJson, verdictToJson } from './verdict-json.js';

const STATES = ['open', 'judged', 'closing', 'settled', 'left'] as const satisfies readonly DisputeState[];
const State = z.enum(STATES);
const Own = z.enum(['right', 'wrong']);

const Row = z.object({
  ticket_id: z.string(),
  since: z.number(),
  cause: z.string(),
  state: State,
  attempts: z.number(),
  verdict: z.string().nullable(),
  findings: z.string().nullable(),
  counts_agree: z.number().nullable(),
  digest: z.string().nullable(),
  settlement: z.string().nullable(),
  oracle: z.string().nullable(),
  own: Own.nullable(),
  note: z.string().nullable(),
});
const DueRow = z.object({ due: z.number().nullable() });
const Count = z.object({ state: State, own: Own.nullable(), n: z.number() });

/** What an oracle found, before it says so to the chain. */
export interface Judgement {
  readonly verdict: OracleVerdict;
  readonly findings: readonly Finding[];
  readonly countsAgree: boolean | undefined;
}

/** How many disputes there were. */
export interface DisputeCounts {
  readonly byState: Readonly<Partial<Record<DisputeState, number>>>;
  /** Disputes over tickets of this node in which its commitment was right, and in which it was not. */
  readonly right: number;
  readonly wrong: number;
}

/**
 * Disputes over this node's tickets, and, where it is an oracle, those that it has to settle: with its verdict,
 * which is written before it is sent, so that after a crash the same one is sent.
 */
export class DisputeTable {
  readonly #database: Database;

  constructor(modules: { readonly database: Database }) {
    this.#database = modules.database;
  }

  /**
   * Enters a dispute; one that is there stays as it is.
   * @param dueMs when this node has to judge it, ms since 1970; undefined where it does not
   */
  open(ticketId: string, cause: string, sinceMs: number, dueMs: number | undefined): void {
    this.#write(
      `INSERT INTO disputes (ticket_id, since, cause, state, due) VALUES (?, ?, ?, 'open', ?)
        ON CONFLICT DO NOTHING`,
      ticketId,
      Math.round(sinceMs),
      cause,
      dueMs === undefined ? null : Math.round(dueMs),
    );
  }

  /** Keeps what this node found; what was kept before stands. @param dueMs when to send it */
  judge(ticketId: string, { verdict, findings, countsAgree }: Judgement, dueMs: number): void {
    this.#write(
      `UPDATE disputes SET state = 'judged', verdict = ?, findings = ?, counts_agree = ?, due = ?,
        attempts = 0, note = NULL WHERE ticket_id = ? AND state = 'open'`,
      verdictToJson(verdict),
      findingsToJson(findings),
      countsAgree === undefined ? null : Number(countsAgree),
      Math.round(dueMs),
      ticketId,
    );
  }

  /** What was due could not be done yet. */
  postpone(ticketId: string, dueMs: number, note: string): void {
    this.#write(
      `UPDATE disputes SET due = ?, note = ?, attempts = attempts + 1
        WHERE ticket_id = ? AND due IS NOT NULL`,
      Math.round(dueMs),
      note,
      ticketId,
    );
  }

  /** This node's verdict is on chain; that the ticket has settled is for the chain's event to say. */
  sent(ticketId: string, digest: string): void {
    // That event may have been quicker than the answer to the transaction.
    this.#write(
      `UPDATE disputes SET digest = ?, due = CASE state WHEN 'judged' THEN NULL ELSE due END, note = NULL
        WHERE ticket_id = ?`,
      digest,
      ticketId,
    );
  }

  /** This node cannot judge it. */
  leave(ticketId: string, note: string): void {
    this.#write(
      "UPDATE disputes SET state = 'left', due = NULL, note = ? WHERE ticket_id = ? AND state IN ('open', 'judged')",
      note,
      ticketId,
    );
  }

  /**
   * The ticket has settled.
   * @param end.dueMs when to hold the oracle's verdict against this node's commitment; undefined where there is
   * nothing to compare
   * @returns whether a dispute over it was known
   */
  end(
    ticketId: string,
    end: {
      readonly settlement: string;
      readonly oracleNodeId: bigint | undefined;
      readonly dueMs: number | undefined;
    },
  ): boolean {
    const { settlement, oracleNodeId, dueMs } = end;
    const changed = this.#write(
      `UPDATE disputes SET note = CASE state WHEN 'left' THEN note ELSE NULL END, state = ?, settlement = ?,
        oracle = ?, due = ?, attempts = 0 WHERE ticket_id = ?`,
      dueMs === undefined ? 'settled' : 'closing',
      settlement,
      oracleNodeId?.toString() ?? null,
      dueMs === undefined ? null : Math.round(dueMs),
      ticketId,
    );
    return changed > 0;
  }

  /** @param own whether this node's commitment was right; undefined where that cannot be known any more */
  close(ticketId: string, own: Dispute['own'], note?: string): void {
    this.#write(
      "UPDATE disputes SET state = 'settled', due = NULL, own = ?, note = ? WHERE ticket_id = ?",
      own ?? null,
      note ?? null,
      ticketId,
    );
  }

  get(ticketId: string): Dispute | undefined {
    const found = this.#database.get('SELECT * FROM disputes WHERE ticket_id = ?', ticketId);
    return found === undefined ? undefined : toDispute(found);
  }

  /** Newest first. */
  list(query: { readonly state: DisputeState | undefined; readonly limit: number }): readonly Dispute[] {
    const { state, limit } = query;
    const rows =
      state === undefined
        ? this.#database.all('SELECT * FROM disputes ORDER BY seq DESC LIMIT ?', limit)
        : this.#database.all(
            'SELECT * FROM disputes WHERE state = ? ORDER BY seq DESC LIMIT ?',
            state,
            limit,
          );
    return rows.map(toDispute);
  }

  /** Those for which this node has something to do now, the earliest first. */
  due(nowMs: number, limit: number): readonly Dispute[] {
    const sql = 'SELECT * FROM disputes WHERE due <= ? ORDER BY due LIMIT ?';
    return this.#database.all(sql, nowMs, limit).map(toDispute);
  }

  /** When there is something to do next, ms since 1970. */
  nextDue(): number | undefined {
    return DueRow.parse(this.#database.get('SELECT min(due) AS due FROM disputes')).due ?? undefined;
  }

  counts(): DisputeCounts {
    const byState: Partial<Record<DisputeState, number>> = {};
    const owned = { right: 0, wrong: 0 };
    const sql = 'SELECT state, own, count(*) AS n FROM disputes GROUP BY state, own';
    for (const { state, own, n } of this.#database.all(sql).map((row) => Count.parse(row))) {
      byState[state] = (byState[state] ?? 0) + n;
      if (own !== null) owned[own] += n;
    }
    return { byState, ...owned };
  }

  #write(sql: string, ...values: readonly (string | number | null)[]): number {
    return this.#database.write(() => this.#database.run(sql, ...values));
  }
}

function toDispute(found: unknown): Dispute {
  const row = Row.parse(found);
  return {
    ticketId: row.ticket_id,
    sinceMs: row.since,
    cause: row.cause,
    state: row.state,
    attempts: row.attempts,
    verdict: row.verdict === null ? undefined : verdictFromJson(row.ticket_id, row.verdict),
    findings: row.findings === null ? [] : findingsFromJson(row.findings),
    countsAgree: row.counts_agree === null ? undefined : row.counts_agree === 1,
    digest: row.digest ?? undefined,
    settlement: row.settlement ?? undefined,
    oracleNodeId: row.oracle === null ? undefined : BigInt(row.oracle),
    own: row.own ?? undefined,
    note: row.note ?? undefined,
  };
}
