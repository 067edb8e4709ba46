import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { pause } from './backoff.js';
import { AtomaError } from './errors.js';

const PRIVATE_DIR_MODE = 0o700;

/** Between two tries of a process that waits, ms: a person does not notice it, and a machine is not kept busy. */
const DEFAULT_POLL_MS = 200;

export interface LockWait {
  readonly signal: AbortSignal;
  /** Called once, where the lock is not free, with who holds it. */
  readonly onWait?: (holder: string) => void;
  readonly pollMs?: number;
}

/**
 * Keeps a second process out for as long as this one lives. It is a lock of SQLite on a file of its own, which
 * the operating system lets go when the process ends, however it ends: there are no stale locks to clear.
 */
export class ProcessLock {
  readonly #path: string;
  readonly #connection: InstanceType<typeof DatabaseSync>;

  private constructor(path: string, connection: InstanceType<typeof DatabaseSync>) {
    this.#path = path;
    this.#connection = connection;
  }

  /**
   * @param path of the lock's file; who holds it stands in `path` + `.holder`
   * @param subject what is locked, for the error: `the journal …`
   * @param advice what to do where another process holds it, as a sentence
   * @throws AtomaError `already_running` naming the process that holds the lock; `lock_unavailable`
   */
  static acquire(path: string, subject: string, advice = ''): ProcessLock {
    let connection: InstanceType<typeof DatabaseSync> | undefined;
    try {
      mkdirSync(dirname(path), { recursive: true, mode: PRIVATE_DIR_MODE });
      connection = new DatabaseSync(path);
      connection.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
    } catch (cause) {
      connection?.close();
      if (isBusy(cause)) throw alreadyRunning(path, subject, advice);
      throw new AtomaError(
        'lock_unavailable',
        `cannot lock ${subject} with ${path}: ${String(cause)}. Its folder must be there or be one that can be made, and this user must be able to write in it.`,
        {
          fields: { path },
          cause,
        },
      );
    }
    const holder = `process ${process.pid} on ${hostname()}, since ${new Date().toISOString()}\n`;
    try {
      writeFileSync(`${path}.holder`, holder);
    } catch {
      // A full disk: the lock holds all the same, and whoever runs into it learns less.
    }
    return new ProcessLock(path, connection);
  }

  /**
   * Who holds the lock at `path`; undefined where nobody does. Takes nothing and writes nothing.
   * @throws AtomaError `lock_unavailable` where its file cannot be read
   */
  static holder(path: string): string | undefined {
    if (!existsSync(path)) return undefined;
    let connection: InstanceType<typeof DatabaseSync> | undefined;
    try {
      connection = new DatabaseSync(path, { readOnly: true });
      connection.exec('PRAGMA busy_timeout = 0; SELECT count(*) FROM sqlite_schema');
      return undefined;
    } catch (cause) {
      if (isBusy(cause)) return holderOf(path);
      const message = `cannot read the lock ${path}: ${String(cause)}; this user must be able to read it`;
      throw new AtomaError('lock_unavailable', message, { fields: { path }, cause });
    } finally {
      connection?.close();
    }
  }

  /**
   * As {@link ProcessLock.acquire}, but waits until the lock is free.
   * @throws the signal's reason when it aborts; AtomaError `lock_unavailable`
   */
  static async wait(path: string, subject: string, options: LockWait): Promise<ProcessLock> {
    const { signal, onWait, pollMs = DEFAULT_POLL_MS } = options;
    for (let told = false; ; ) {
      signal.throwIfAborted();
      try {
        return ProcessLock.acquire(path, subject);
      } catch (error) {
        if (!(error instanceof AtomaError) || error.code !== 'already_running') throw error;
        if (!told) onWait?.(String(error.fields['holder']));
        told = true;
      }
      await pause(pollMs, signal);
    }
  }

  release(): void {
    if (!this.#connection.isOpen) return;
    rmSync(`${this.#path}.holder`, { force: true });
    this.#connection.close();
  }
}

/** SQLITE_BUSY: another process, or another lock of this one, holds the file. */
function isBusy(error: unknown): boolean {
  return typeof error === 'object' && error !== null && Reflect.get(error, 'errcode') === 5;
}

function alreadyRunning(path: string, subject: string, advice: string): AtomaError {
  const holder = holderOf(path);
  return new AtomaError('already_running', `${subject} is in use by ${holder}. ${advice}`.trim(), {
    fields: { path, holder },
  });
}

function holderOf(path: string): string {
  try {
    return readFileSync(`${path}.holder`, 'utf8').trim();
  } catch {
    // It has the lock and has not written its name yet.
    return 'another process';
  }
}
