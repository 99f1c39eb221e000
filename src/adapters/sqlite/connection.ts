import { statSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { BatchyError } from '../../domain/errors.ts';
import { isBusy, isDamage, translateDriverError } from './driver-errors.ts';

/** The longest sleep between two tries for a lock that another process holds, in milliseconds. */
const longestSleep = 20;

export interface ConnectionOptions {
  /** How long work may wait for another process's lock, in milliseconds. */
  readonly lockPatience: number;
  /** The greatest size of the file, in bytes; `null` for that of the disk. */
  readonly maxBytes: number | null;
}

/**
 * One connection to the file, with its prepared statements. Its calls are synchronous and never wait: SQLite answers at once
 * that the file is locked, and the waiting is done between tries, so that the event loop goes on.
 */
export class SqliteConnection {
  readonly file: string;
  readonly lockPatience: number;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #inode: number;
  /** What was said where somebody met a damaged place. */
  #damage: unknown = null;

  private constructor(file: string, lockPatience: number) {
    this.file = file;
    this.lockPatience = lockPatience;
    this.#inode = statSync(file).ino;
    this.#database = new DatabaseSync(file, { timeout: 0, enableForeignKeyConstraints: true });
  }

  /**
   * Connects to a file that exists.
   * @throws BatchyError `store-unavailable`
   */
  static async open(file: string, { lockPatience, maxBytes }: ConnectionOptions): Promise<SqliteConnection> {
    let connection: SqliteConnection | null = null;
    try {
      const opened = new SqliteConnection(file, lockPatience);
      connection = opened;
      // Even settings read the file, which another process may hold locked while it prepares it.
      await opened.whenFree(() => opened.#applySettings(maxBytes));
      return opened;
    } catch (error) {
      connection?.close();
      throw translateDriverError(file, error);
    }
  }

  #applySettings(maxBytes: number | null): void {
    // An acknowledged commit must survive a loss of power: WAL's own default does not flush each of them.
    this.exec(
      'PRAGMA synchronous = FULL; PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA journal_size_limit = 67108864',
    );
    // Folding the log in writes the same pages again and flushes twice more: after 16 MB rather than 4.
    this.exec('PRAGMA wal_autocheckpoint = 4000');
    if (maxBytes === null) return;
    const pageSize = this.pragma('page_size') as number;
    this.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maxBytes / pageSize))}`);
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  pragma(name: string): unknown {
    return Object.values(this.#prepared(`PRAGMA ${name}`).get() ?? {})[0];
  }

  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#prepared(sql).get(...values) as Row | undefined;
  }

  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#prepared(sql).all(...values) as Row[];
  }

  /** Row by row; only on a connection that does nothing else meanwhile. */
  iterate<Row>(sql: string, ...values: SQLInputValue[]): Iterable<Row> {
    return this.#prepared(sql).iterate(...values) as Iterable<Row>;
  }

  run(sql: string, ...values: SQLInputValue[]): { changes: number; lastRowId: number } {
    const { changes, lastInsertRowid } = this.#prepared(sql).run(...values);
    return { changes: Number(changes), lastRowId: Number(lastInsertRowid) };
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /**
   * All of `work` or nothing, with the file's write lock held from the first moment on: what `work` reads is what it changes.
   * @throws the driver's busy error at once when another connection has the lock
   */
  transaction<T>(work: () => T): T {
    this.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.exec('COMMIT');
      return result;
    } catch (error) {
      // After some failures (a full disk among them) SQLite has rolled back by itself.
      if (this.#database.isTransaction) this.exec('ROLLBACK');
      throw error;
    }
  }

  /**
   * What `work` commits is not flushed to the disk by itself, but with the next commit that is: a loss of power takes it back
   * only where nothing was stored after it.
   */
  withoutFlush<T>(work: () => T): T {
    this.exec('PRAGMA synchronous = NORMAL');
    try {
      return work();
    } finally {
      this.exec('PRAGMA synchronous = FULL');
    }
  }

  /**
   * Runs `work`, again and again while another process holds a lock that it needs.
   * @throws BatchyError `store-unavailable` when the patience is over; the driver's other errors, translated
   */
  async whenFree<T>(work: () => T): Promise<T> {
    const deadline = performance.now() + this.lockPatience;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return work();
      } catch (error) {
        if (!isBusy(error)) throw this.translate(error);
        if (performance.now() >= deadline) throw lockedTooLong(this, error);
      }
      await delay(sleepBefore(attempt + 1));
    }
  }

  /** The error that callers know for one of the driver. Damage is kept in mind, since not every read meets it. */
  translate(error: unknown): unknown {
    const translated = translateDriverError(this.file, error);
    if (isDamage(error)) this.#damage ??= translated;
    return translated;
  }

  /** @throws BatchyError `store-unavailable` when damage was met before */
  assertUndamaged(): void {
    if (this.#damage !== null) throw this.#damage;
  }

  /**
   * A file that was removed or replaced under us still takes writes, which nobody would find again.
   * @throws BatchyError `store-unavailable`
   */
  assertInPlace(): void {
    const found = statSync(this.file, { throwIfNoEntry: false });
    if (found?.ino === this.#inode) return;
    const what = found === undefined ? 'is gone' : 'was replaced by another file';
    throw new BatchyError(
      'store-unavailable',
      `The store ${this.file} ${what} while it was in use. Put it back and restart the service.`,
    );
  }

  close(): void {
    this.#statements.clear();
    if (this.#database.isOpen) this.#database.close();
  }
}

/** Milliseconds before the given try, growing; processes sleep differently long, so that they do not meet again and again. */
export function sleepBefore(attempt: number): number {
  return Math.min(longestSleep, attempt * 2) + (process.pid % 4);
}

export function lockedTooLong(connection: SqliteConnection, cause: unknown): BatchyError {
  return new BatchyError(
    'store-unavailable',
    `Another process has kept the store ${connection.file} locked for ${connection.lockPatience} ms. Nothing was written; repeat the request.`,
    { cause },
  );
}
