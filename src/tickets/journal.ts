import { z } from 'zod';
import {
  AtomaError,
  type Commitment,
  type PromptEvent,
  type SignedTransaction,
  type Ticket,
  type TicketState,
  type UnsupportedPromptEvent,
} from '../core/index.js';
import { CommitmentTable } from './commitment-table.js';
import { Database, type Durability, type WriteHook } from './database.js';
import { DisputeTable } from './dispute-table.js';
import { asTextPrompt } from './foreign-modality.js';
import { PromptTable, type Sampling } from './prompt-table.js';
import { SettlementTable } from './settlement-table.js';
import { type TicketChange, TicketTable } from './ticket-table.js';

/** A ticket settles or is disputed within minutes; what is older than this is read from the chain if needed. */
const KEEP_PROMPTS_MS = 7 * 24 * 3600 * 1000;

export interface JournalOptions {
  readonly path: string;
  /** The node's badge: a journal belongs to one badge, since it is what that badge has committed to. */
  readonly badge: string;
  /** For readers beside a running node. Default false. */
  readonly readOnly?: boolean;
  /** Pages (4 KiB) that the file may have. Default: as many as fit on the disk. */
  readonly maxPages?: number | undefined;
}

export interface JournalModules {
  /** ms since 1970. Default: the system's clock. */
  readonly now?: () => number;
  readonly hook?: WriteHook | undefined;
}

/** Which events a cursor counts: a chain, and the filter under which its events are followed. */
export interface CursorScope {
  readonly chain: string;
  readonly filter: string;
}

/**
 * The node's one durable place: how far the chain was read, every ticket with its steps, answers, commitments
 * and transactions. A method that changes something has written it to the disk when it returns, alone or, in
 * {@link Journal.transaction}, together with others and as durable as that says.
 *
 * Every method that writes throws AtomaError `journal_*` where it cannot; then nothing of it was written.
 */
export class Journal {
  readonly path: string;
  readonly disputes: DisputeTable;
  readonly settlements: SettlementTable;
  readonly #database: Database;
  readonly #tickets: TicketTable;
  readonly #commitments: CommitmentTable;
  readonly #prompts: PromptTable;
  readonly #now: () => number;

  private constructor(database: Database, now: () => number) {
    this.path = database.path;
    this.#database = database;
    this.#now = now;
    this.#tickets = new TicketTable({ database, now });
    this.#commitments = new CommitmentTable({ database, now });
    this.#prompts = new PromptTable({ database, now });
    this.disputes = new DisputeTable({ database });
    this.settlements = new SettlementTable({ database });
  }

  /**
   * Opens the file, which is made where there is none.
   * @throws AtomaError `journal_unwritable`, `journal_corrupt`, `journal_newer`, `journal_disk_full`,
   * `journal_busy`, `journal_io_error`, `journal_foreign` for the journal of another badge
   */
  static open(options: JournalOptions, modules: JournalModules = {}): Journal {
    const { path, readOnly = false, maxPages } = options;
    const now = modules.now ?? Date.now;
    const database = Database.open({ path, readOnly, maxPages }, modules);
    try {
      if (readOnly) checkOwner(database, options.badge);
      else {
        database.write(() => {
          claim(database, options.badge);
          new PromptTable({ database, now }).dropOlder(now() - KEEP_PROMPTS_MS);
        });
      }
      return new Journal(database, now);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** Why the newest write failed; undefined where the newest that changed something went through. */
  get fault(): AtomaError | undefined {
    return this.#database.fault;
  }

  /**
   * Everything that `work` writes, or nothing of it.
   * @param durability `process` only for what is found out again after a power cut: a sync holds the whole
   * process up, for 0.2 ms at best and tens of ms where the disk has other work
   */
  transaction<T>(work: () => T, durability: Durability = 'disk'): T {
    return this.#database.write(work, durability);
  }

  /** How far a chain was read. */
  cursor({ chain, filter }: CursorScope): string | undefined {
    const sql = 'SELECT cursor FROM cursors WHERE chain = ? AND filter = ?';
    const found = this.#database.get(sql, chain, filter);
    return found === undefined ? undefined : z.object({ cursor: z.string() }).parse(found).cursor;
  }

  /** Every chain and filter that the journal has a cursor for. */
  cursorScopes(): readonly CursorScope[] {
    const Row = z.object({ chain: z.string(), filter: z.string() });
    const rows = this.#database.all('SELECT chain, filter FROM cursors ORDER BY updated_at');
    return rows.map((row) => Row.parse(row));
  }

  setCursor({ chain, filter }: CursorScope, cursor: string): void {
    const sql = 'INSERT OR REPLACE INTO cursors (chain, filter, cursor, updated_at) VALUES (?, ?, ?, ?)';
    this.#database.write(() => this.#database.run(sql, chain, filter, cursor, this.#now()));
  }

  /** Enters a ticket as `received`; false where it is there already. */
  open(event: PromptEvent, leafIndex: bigint, deadlineMs: number): boolean {
    return this.#database.write(() => this.#tickets.open(event, leafIndex, deadlineMs));
  }

  /** Enters a ticket of a modality that the node does not run, as `skipped`. */
  skip(event: UnsupportedPromptEvent, leafIndex: bigint, deadlineMs: number, reason: string): void {
    this.#database.write(() => {
      const isNew = this.#tickets.open(asTextPrompt(event), leafIndex, deadlineMs);
      if (isNew) this.#tickets.step(event.ticketId, 'skipped', { reason });
    });
  }

  /** Moves a ticket on; false where it cannot go there from where it stands (its state then stays). */
  step(id: string, state: TicketState, change: TicketChange = {}): boolean {
    return this.#database.write(() => this.#tickets.step(id, state, change) !== undefined);
  }

  /** Adds what became known of a ticket after the chain had already moved it on. */
  amend(id: string, change: Omit<TicketChange, 'reason'>): void {
    this.#database.write(() => this.#tickets.amend(id, change));
  }

  /**
   * Binds the node to a commitment for ever.
   * @throws AtomaError `conflicting_commitment` where it is bound to another one for this ticket
   */
  bind(commitment: Commitment): void {
    this.#database.write(() => this.#commitments.bind(commitment));
  }

  /** What the node is bound to for a ticket. */
  commitment(ticketId: string): Commitment | undefined {
    return this.#commitments.find(ticketId);
  }

  /** Keeps the transaction for a ticket's commitment and moves the ticket to `committing`. */
  signed(ticketId: string, transaction: SignedTransaction): void {
    this.#database.write(() => {
      this.#commitments.keepTransaction(ticketId, transaction);
      this.#tickets.step(ticketId, 'committing', { digest: transaction.digest });
    });
  }

  /** The transaction that was signed last for a ticket. */
  transactionOf(ticketId: string): SignedTransaction | undefined {
    return this.#commitments.transaction(ticketId);
  }

  /** Keeps the prompt of an open ticket, whoever was sampled for it. */
  keepPrompt(event: PromptEvent): void {
    this.#database.write(() => this.#prompts.keep(event));
  }

  findPrompt(ticketId: string): PromptEvent | undefined {
    return this.#prompts.find(ticketId);
  }

  /** Forgets the prompt of a ticket that has settled. */
  dropPrompt(ticketId: string): void {
    this.#database.write(() => this.#prompts.drop(ticketId));
  }

  /** Remembers a later sampling until its prompt has been found. */
  addSampling(sampling: Sampling): void {
    this.#database.write(() => this.#prompts.addSampling(sampling));
  }

  dropSampling(ticketId: string): void {
    this.#database.write(() => this.#prompts.dropSampling(ticketId));
  }

  samplings(): readonly Sampling[] {
    return this.#prompts.samplings();
  }

  get(id: string): Ticket | undefined {
    return this.#tickets.get(id);
  }

  /** A ticket's deadline, ms since 1970; undefined where it is not known. */
  deadline(id: string): number | undefined {
    return this.#tickets.deadline(id);
  }

  /** Newest first. */
  list(query: { readonly state: TicketState | undefined; readonly limit: number }): readonly Ticket[] {
    return this.#tickets.list(query);
  }

  /**
   * Ids of the tickets that the node still has something to do for, the earliest deadline first; those whose
   * deadline has passed come last.
   * @param limit so many at most; without it, all
   */
  openIds(limit: number = Number.MAX_SAFE_INTEGER): readonly string[] {
    return this.#tickets.openIds(limit);
  }

  /** Tickets by state, and how many of all were late. */
  counts(): { readonly byState: Readonly<Partial<Record<TicketState, number>>>; readonly late: number } {
    return this.#tickets.counts();
  }

  close(): void {
    this.#database.close();
  }
}

/** Writes whose journal this is into a new one, and refuses that of another badge. */
function claim(database: Database, badge: string): void {
  if (!checkOwner(database, badge)) database.run("INSERT INTO identity VALUES ('badge', ?)", badge);
}

/** False where the journal belongs to nobody yet. */
function checkOwner(database: Database, badge: string): boolean {
  const found = database.get("SELECT value FROM identity WHERE key = 'badge'");
  if (found === undefined) return false;
  const { value } = z.object({ value: z.string() }).parse(found);
  if (value === badge) return true;
  throw new AtomaError(
    'journal_foreign',
    `the journal ${database.path} belongs to the node badge ${value}, but node_badge_id is ${badge}; a journal holds what one badge has committed to. Set another data_dir for this badge.`,
    { fields: { path: database.path, found: value, wanted: badge } },
  );
}
