import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSyncInstance } from '@photostructure/sqlite';
import { AtomaError } from '../core/index.js';
import { journalError } from './journal-error.js';
import { MIGRATIONS } from './migrations.js';

/** The journal holds prompts and answers of users: nobody but the node's own user reads it. */
const PRIVATE_DIR_MODE = 0o700;
/** How long a write waits for a reader, such as a backup or `audit`, to let go, ms. */
const BUSY_TIMEOUT_MS = 5000;

/** Called around each commit of a write, with its number from 1 on; for tests that end the process there. */
export interface WriteHook {
  readonly beforeCommit: (write: number) => void;
  readonly afterCommit: (write: number) => void;
}

export interface DatabaseOptions {
  readonly path: string;
  /** For readers beside a running node: nothing is created, migrated or written. */
  readonly readOnly: boolean;
  /** Pages (4 KiB) that the file may have; beyond them writes fail as on a full disk. undefined: no bound. */
  readonly maxPages?: number | undefined;
}

/** One SQLite file: opened, checked, migrated; its writes are transactions. */
export class Database {
  readonly path: string;
  readonly #connection: InstanceType<typeof DatabaseSync>;
  readonly #statements = new Map<string, StatementSyncInstance>();
  #hook: WriteHook | undefined;
  #writes = 0;
  #depth = 0;
  #fault: AtomaError | undefined;

  private constructor(path: string, connection: InstanceType<typeof DatabaseSync>) {
    this.path = path;
    this.#connection = connection;
  }

  /**
   * @throws AtomaError `journal_unwritable`, `journal_corrupt`, `journal_newer`, `journal_disk_full`,
   * `journal_busy`, `journal_io_error`; `journal_missing` and `journal_older` for readers
   */
  static open(options: DatabaseOptions): Database {
    const { path, readOnly } = options;
    try {
      if (!readOnly) mkdirSync(dirname(path), { recursive: true, mode: PRIVATE_DIR_MODE });
    } catch (cause) {
      throw new AtomaError(
        'journal_unwritable',
        `the folder of the journal ${path} cannot be made: ${String(cause)}; set data_dir to a folder that the node may write`,
        { fields: { path }, cause },
      );
    }
    if (readOnly && !existsSync(path)) {
      throw new AtomaError(
        'journal_missing',
        `there is no journal ${path}; the node makes it when it first starts. Check data_dir.`,
        { fields: { path } },
      );
    }
    let connection: InstanceType<typeof DatabaseSync> | undefined;
    try {
      connection = new DatabaseSync(path, { readOnly });
      connection.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
      check(connection, path, readOnly);
      if (!readOnly) {
        connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
        migrate(connection);
        if (options.maxPages !== undefined) connection.exec(`PRAGMA max_page_count = ${options.maxPages}`);
      }
      return new Database(path, connection);
    } catch (error) {
      connection?.close();
      throw journalError(path, 'opening it', error);
    }
  }

  /** Lets `hook` watch the writes from now on. */
  observe(hook: WriteHook | undefined): void {
    this.#hook = hook;
    this.#writes = 0;
  }

  /** Why the newest write failed; undefined where it went through. */
  get fault(): AtomaError | undefined {
    return this.#fault;
  }

  /**
   * All writes of `work` or none; they are on the disk when this returns. Nested calls join the outer one.
   * @throws AtomaError `journal_*` where they could not be written; what `work` throws
   */
  write<T>(work: () => T): T {
    if (this.#depth > 0) return work();
    this.#depth = 1;
    try {
      this.#connection.exec('BEGIN IMMEDIATE');
      const result = work();
      const write = ++this.#writes;
      this.#hook?.beforeCommit(write);
      this.#connection.exec('COMMIT');
      this.#fault = undefined;
      this.#hook?.afterCommit(write);
      return result;
    } catch (error) {
      if (this.#connection.isTransaction) this.#connection.exec('ROLLBACK');
      if (error instanceof AtomaError) throw error;
      this.#fault = journalError(this.path, 'writing to it', error);
      throw this.#fault;
    } finally {
      this.#depth = 0;
    }
  }

  run(sql: string, ...values: readonly (string | number | Uint8Array | null)[]): number {
    return this.#statement(sql).run(...values).changes;
  }

  get(sql: string, ...values: readonly (string | number)[]): unknown {
    return this.#read(() => this.#statement(sql).get(...values));
  }

  all(sql: string, ...values: readonly (string | number)[]): readonly unknown[] {
    return this.#read(() => this.#statement(sql).all(...values));
  }

  close(): void {
    this.#statements.clear();
    if (this.#connection.isOpen) this.#connection.close();
  }

  #read<T>(query: () => T): T {
    try {
      return query();
    } catch (error) {
      throw journalError(this.path, 'reading it', error);
    }
  }

  #statement(sql: string): StatementSyncInstance {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#connection.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function check(connection: InstanceType<typeof DatabaseSync>, path: string, readOnly: boolean): void {
  const [found]: unknown[] = connection.prepare('PRAGMA quick_check(1)').all();
  const verdict: unknown = Object.values(Object(found))[0];
  if (verdict !== 'ok') throw Object.assign(new Error(String(verdict)), { errcode: 11 });
  const version = versionOf(connection);
  if (readOnly && version < MIGRATIONS.length) {
    throw new AtomaError(
      'journal_older',
      `the journal ${path} has version ${version}, and this program reads version ${MIGRATIONS.length}; start the node once, which brings it up to date`,
      { fields: { path, found: version, wanted: MIGRATIONS.length } },
    );
  }
  if (version <= MIGRATIONS.length) return;
  throw new AtomaError(
    'journal_newer',
    `the journal ${path} has version ${version}, and this node knows versions up to ${MIGRATIONS.length}: it was written by a newer node. Start that one, or set another data_dir.`,
    { fields: { path, found: version, wanted: MIGRATIONS.length } },
  );
}

function migrate(connection: InstanceType<typeof DatabaseSync>): void {
  for (let version = versionOf(connection); version < MIGRATIONS.length; version++) {
    connection.exec(`BEGIN IMMEDIATE; ${MIGRATIONS[version]}; PRAGMA user_version = ${version + 1}; COMMIT`);
  }
}

function versionOf(connection: InstanceType<typeof DatabaseSync>): number {
  return Number(Object.values(Object(connection.prepare('PRAGMA user_version').get()))[0]);
}
