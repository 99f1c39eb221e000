import { CompiledQuery } from 'kysely';
import type { Json } from '../../domain/json.ts';
import { quoteBriefly } from '../../domain/names.ts';
import type { StepContext } from '../step-context.ts';
import { ItemError, type Chunk, type ItemWriter } from './item.ts';
import { openSqlDatabase } from './sql-connection.ts';
import {
  driverMessage,
  missingTable,
  SqlError,
  UncertainSqlError,
  unknownColumn,
  type SqlDatabase,
  type TableShape,
} from './sql-database.ts';
import { SqlFence } from './sql-fence.ts';
import { rowError, TableInsert, type RowRun } from './sql-insert.ts';
import { inTransaction, whenFree } from './sql-lock.ts';
import { UncreatableTable } from './sql-own-table.ts';
import { tableName } from './sql-query.ts';
import type { SqlWriterOptions } from './sql-writer.ts';
import { WrittenChunks } from './sql-written-chunks.ts';

/** What `sqlWriter` makes. */
export class SqlRowWriter implements ItemWriter<unknown> {
  readonly #options: SqlWriterOptions;
  readonly #ctx: StepContext;
  #database: SqlDatabase | null = null;
  #insert: TableInsert | null = null;
  /** Where rows have no key by which one that comes again could be known. */
  #written: WrittenChunks | null = null;
  /** None where its table cannot be made. */
  #fence: SqlFence | null = null;

  constructor(options: SqlWriterOptions, ctx: StepContext) {
    this.#options = options;
    this.#ctx = ctx;
  }

  async open(): Promise<void> {
    const { connection, table, schema, key = [] } = this.#options;
    const database = await openSqlDatabase(connection, this.#ctx, { user: 'sqlWriter', readOnly: false });
    this.#database = database;
    const shape = await this.#asked(database, () => database.shapeOf(table, schema));
    if (shape === undefined) throw missingTable(database, table, schema);
    checkKey(key, shape);
    this.#insert = new TableInsert(database, { name: tableName(table, schema), shape, key });
    await this.#openFence(database);
    if (key.length > 0) return;
    const written = new WrittenChunks(database, table, schema);
    await this.#asked(database, () => written.prepare());
    this.#written = written;
  }

  async #openFence(database: SqlDatabase): Promise<void> {
    const fence = new SqlFence(database, this.#options.schema);
    try {
      await this.#asked(database, () => fence.prepare());
      this.#fence = fence;
    } catch (error) {
      // Whoever may write rows may not always create tables.
      if (!(error instanceof UncreatableTable)) throw error;
      this.#ctx.logger.warn(`sqlWriter writes without a fence. ${error.message}`);
    }
  }

  async write(items: readonly unknown[], chunk: Chunk): Promise<void> {
    const database = this.#database;
    const insert = this.#insert;
    if (database === null || insert === null) throw new SqlError('sqlWriter was given a chunk before it was opened.');
    const runs = insert.rowsOf(items);
    try {
      await this.#writeAll(database, insert, runs, chunk, undefined);
    } catch (error) {
      if (chunk.signal.aborted) throw error;
      if (database.faultOf(error) !== 'row') throw this.#refused(database, error);
      // A statement of many rows does not tell which of them it was: one by one, the first that is refused is known. (None
      // is where two rows of the chunk have the same key, which PostgreSQL takes in two statements only.)
      await this.#writeAll(database, insert, runs, chunk, 1).catch((later: unknown) => {
        if (later instanceof ItemError || chunk.signal.aborted) throw later;
        // Such as a constraint that is looked at when the transaction ends.
        throw items.length === 1 ? this.#refusedRow(0, later) : this.#refused(database, later);
      });
    }
  }

  /** @param atMost rows in a statement; with 1, an error tells the row */
  async #writeAll(
    database: SqlDatabase,
    insert: TableInsert,
    runs: readonly RowRun[],
    chunk: Chunk,
    atMost: 1 | undefined,
  ): Promise<void> {
    await whenFree(database, chunk.signal, async () => {
      // To wait for a lock may take long.
      await chunk.stillOurs();
      await inTransaction(database, async (connection) => {
        await this.#fence?.hold(connection, chunk.fence);
        if (this.#written !== null && !(await this.#written.note(connection, chunk.chunkId))) return;
        for (const { text, values, first } of insert.statements(runs, atMost)) {
          await connection.executeQuery(CompiledQuery.raw(text, values)).catch((error: unknown) => {
            if (atMost !== 1 || database.faultOf(error) === 'locked') throw error;
            throw database.faultOf(error) === 'row' ? this.#refusedRow(first, error) : this.#refused(database, error);
          });
        }
      });
    });
    this.#fence?.settle(chunk.fence);
  }

  #refusedRow(index: number, error: unknown): ItemError {
    const table = quoteBriefly(this.#options.table);
    return rowError(index, `is refused by the table ${table}: ${driverMessage(error)}`, error);
  }

  #refused(database: SqlDatabase, error: unknown): Error {
    if (error instanceof SqlError) return error;
    const { table, key = [] } = this.#options;
    const told = driverMessage(error);
    // What the two databases say where the key has no unique index.
    const hint = /no unique or exclusion constraint|does not match any PRIMARY KEY or UNIQUE/.test(told)
      ? ` Create a unique index over (${key.map(quoteBriefly).join(', ')}).`
      : '';
    const Refusal = database.faultOf(error) === 'row' ? SqlError : UncertainSqlError;
    return new Refusal(
      `the chunk cannot be written to the table ${quoteBriefly(table)} of ${database.name}: ${told}.${hint}`,
      { cause: error },
    );
  }

  async #asked<Result>(database: SqlDatabase, work: () => Promise<Result>): Promise<Result> {
    try {
      return await whenFree(database, this.#ctx.signal, work);
    } catch (error) {
      if (error instanceof SqlError || this.#ctx.signal.aborted) throw error;
      throw new SqlError(
        `the table ${quoteBriefly(this.#options.table)} of ${database.name} cannot be looked at: ${driverMessage(error)}`,
        { cause: error },
      );
    }
  }

  /** What was written is in the database, with what tells that it was. */
  checkpoint(): Json {
    return null;
  }

  async close(): Promise<void> {
    await this.#database?.close();
    this.#database = null;
    this.#insert = null;
  }
}

function checkKey(key: readonly string[], shape: TableShape): void {
  const absent = key.find((column) => !shape.writable.includes(column));
  if (absent !== undefined) throw new SqlError(`the key of sqlWriter: ${unknownColumn(absent, shape.writable)}`);
}
