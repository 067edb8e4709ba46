import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSyncInstance } from '@photostructure/sqlite';
import { AtomaError } from '../core/index.js';
import { isJournalError, journalError } from './journal-error.js';
import { MIGRATIONS } from './migrations.js';

/** The journal holds prompts and answers of users: nobody but the node's own user reads it. */
const PRIVATE_DIR_MODE = 0o700;
const PRIVATE_FILE_MODE = 0o600;
/** How long a write waits for a reader, such as a backup or `audit`, to let go, ms. */
const BUSY_TIMEOUT_MS = 5000;

/** 16 MiB of log: pages that are written again and again while a backlog comes in reach the file once. */
const CHECKPOINT_PAGES = 4000;
/** The inner pages of the indexes of some million tickets. */
const CACHE_KIB = 32_768;

/**
 * What a write survives. `disk`: a power cut too, for it waits for the disk. `process`: the death of the
 * process, not a power cut; for what can be found out again. Writes stay in their order either way: where one
 * that waited for the disk is there, so are all before it.
 */
export type Durability = 'disk' | 'process';

/** https://www.sqlite.org/pragma.html#pragma_synchronous: in WAL mode, NORMAL commits without a sync. */
const SYNCHRONOUS: Readonly<Record<Durability, string>> = {
  disk: 'PRAGMA synchronous = FULL',
  process: 'PRAGMA synchronous = NORMAL',
};

/**
 * Called around each commit of a write, from the one that makes the schema on, with its number from 1; for
 * tests that end the process there.
 */
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
  readonly #readOnly: boolean;
  readonly #connection: InstanceType<typeof DatabaseSync>;
  readonly #statements = new Map<string, StatementSyncInstance>();
  readonly #hook: WriteHook | undefined;
  #writes = 0;
  /** Rows changed so far. */
  #changes = 0;
  #depth = 0;
  #durability: Durability = 'disk';
  #fault: AtomaError | undefined;

  private constructor(
    { path, readOnly }: DatabaseOptions,
    modules: { readonly connection: InstanceType<typeof DatabaseSync>; readonly hook: WriteHook | undefined },
  ) {
    this.path = path;
    this.#readOnly = readOnly;
    this.#connection = modules.connection;
    this.#hook = modules.hook;
  }

  /**
   * @throws AtomaError `journal_unwritable`, `journal_corrupt`, `journal_newer`, `journal_disk_full`,
   * `journal_busy`, `journal_io_error`; `journal_missing` and `journal_older` for readers
   */
  static open(options: DatabaseOptions, modules: { readonly hook?: WriteHook | undefined } = {}): Database {
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
      const database = new Database(options, { connection, hook: modules.hook });
      if (!readOnly) {
        chmodSync(path, PRIVATE_FILE_MODE);
        connection.exec(`PRAGMA journal_mode = WAL; ${SYNCHRONOUS.disk};
          PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA cache_size = -${CACHE_KIB}`);
        database.#migrate();
        if (options.maxPages !== undefined) connection.exec(`PRAGMA max_page_count = ${options.maxPages}`);
      }
      return database;
    } catch (error) {
      connection?.close();
      throw journalError(path, 'opening it', error);
    }
  }

  /** Why the newest write failed; undefined where the newest that changed something went through. */
  get fault(): AtomaError | undefined {
    return this.#fault;
  }

  /**
   * All writes of `work` or none, as durable as asked for when this returns. Nested calls join the outer one.
   * @throws AtomaError `journal_*` where they could not be written; what `work` throws
   */
  write<T>(work: () => T, durability: Durability = 'disk'): T {
    if (this.#depth > 0) return work();
    this.#depth = 1;
    const changesBefore = this.#changes;
    try {
      this.#wantDurability(durability);
      this.#connection.exec('BEGIN IMMEDIATE');
      const result = work();
      const write = ++this.#writes;
      this.#hook?.beforeCommit(write);
      this.#connection.exec('COMMIT');
      // A transaction that changed nothing wrote nothing, and says nothing about the disk.
      if (this.#changes > changesBefore) this.#fault = undefined;
      this.#hook?.afterCommit(write);
      return result;
    } catch (error) {
      if (this.#connection.isTransaction) this.#connection.exec('ROLLBACK');
      if (error instanceof AtomaError && !isJournalError(error)) throw error;
      this.#fault = journalError(this.path, 'writing to it', error);
      throw this.#fault;
    } finally {
      this.#depth = 0;
    }
  }

  run(sql: string, ...values: readonly (string | number | Uint8Array | null)[]): number {
    const { changes } = this.#statement(sql).run(...values);
    this.#changes += changes;
    return changes;
  }

  get(sql: string, ...values: readonly (string | number)[]): unknown {
    return this.#read(() => this.#statement(sql).get(...values));
  }

  all(sql: string, ...values: readonly (string | number)[]): readonly unknown[] {
    return this.#read(() => this.#statement(sql).all(...values));
  }

  /** What is in the log goes into the file, so that a copy of the file alone is a whole backup. */
  close(): void {
    if (!this.#connection.isOpen) return;
    this.#statements.clear();
    try {
      if (!this.#readOnly) this.#connection.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // A full disk, say: the log stays beside the file, and the next one to open it reads both.
    }
    this.#connection.close();
  }

  /** SQLite takes it between transactions only. */
  #wantDurability(durability: Durability): void {
    if (durability === this.#durability) return;
    this.#connection.exec(SYNCHRONOUS[durability]);
    this.#durability = durability;
  }

  #migrate(): void {
    for (let version = versionOf(this.#connection); version < MIGRATIONS.length; version++) {
      const sql = `${MIGRATIONS[version]}; PRAGMA user_version = ${version + 1}`;
      this.write(() => this.#connection.exec(sql));
    }
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

function versionOf(connection: InstanceType<typeof DatabaseSync>): number {
  return Number(Object.values(Object(connection.prepare('PRAGMA user_version').get()))[0]);
}
