import { sql, type RawBuilder } from 'kysely';
import type { Json } from '../../domain/json.ts';
import { quoteBriefly } from '../../domain/names.ts';
import type { StepContext } from '../step-context.ts';
import { valueFromContext } from './from-context.ts';
import type { ItemReader } from './item.ts';
import { openSqlDatabase } from './sql-connection.ts';
import { driverMessage, missingTable, SqlError, unknownColumn, type SqlDatabase, type SqlRow } from './sql-database.ts';
import { whenFree } from './sql-lock.ts';
import {
  cursorPages,
  keyedBy,
  keyedByRowNumber,
  keyedPages,
  readOffset,
  type KeyedRows,
  type SqlPages,
} from './sql-pages.ts';
import { declareCursor } from './sql-postgres.ts';
import type { SqlReaderOptions } from './sql-reader.ts';
import { boundQuery, tableName } from './sql-query.ts';
import { numberRows } from './sql-sqlite.ts';

/** The one table or cursor that a reader's connection has for itself. */
const ownRows = 'batchy_rows';

/** What `sqlReader` makes. */
export class SqlRowReader implements ItemReader<SqlRow> {
  readonly #options: SqlReaderOptions;
  readonly #pageSize: number;
  readonly #ctx: StepContext;
  #database: SqlDatabase | null = null;
  #pages: SqlPages | null = null;
  /** Of the key's columns, one that is no column of the rows. */
  #hidden: string | null = null;
  #page: SqlRow[] = [];
  #next = 0;
  #count = 0;
  #place: () => Json = () => null;

  constructor(options: SqlReaderOptions, pageSize: number, ctx: StepContext) {
    this.#options = options;
    this.#pageSize = pageSize;
    this.#ctx = ctx;
  }

  async open(checkpoint: Json): Promise<void> {
    const { connection } = this.#options;
    const database = await openSqlDatabase(connection, this.#ctx, { user: 'sqlReader', readOnly: true });
    this.#database = database;
    this.#place = () => checkpoint;
    this.#pages = await this.#asked(() => this.#prepare(database, checkpoint));
  }

  async read(): Promise<SqlRow | null> {
    const pages = this.#pages;
    if (pages === null) throw new SqlError('sqlReader was asked for a row before it was opened.');
    if (this.#next === this.#page.length) {
      this.#page = await this.#asked(() => pages.next());
      this.#next = 0;
      if (this.#page.length === 0) return null;
    }
    const row = this.#page[this.#next]!;
    this.#next += 1;
    this.#count += 1;
    const place = this.#count;
    if (this.#hidden === null) {
      this.#place = () => pages.placeBehind(row, place);
    } else {
      const number = { [this.#hidden]: row[this.#hidden] };
      this.#place = () => pages.placeBehind(number, place);
      delete row[this.#hidden];
    }
    return row;
  }

  checkpoint(): Json {
    return this.#place();
  }

  async close(): Promise<void> {
    await this.#database?.close();
    this.#database = null;
    this.#pages = null;
  }

  async #prepare(database: SqlDatabase, checkpoint: Json): Promise<SqlPages> {
    const { table, schema, key } = this.#options;
    const shape = table === undefined ? undefined : await database.shapeOf(table, schema);
    if (table !== undefined && shape === undefined) throw missingTable(database, table, schema);
    const from = table === undefined ? await this.#query(database) : tableName(table, schema);
    const columns = shape?.columns ?? (await database.columnsOf(from));
    if (key !== undefined) {
      const absent = key.find((column) => !columns.includes(column));
      if (absent !== undefined) throw new SqlError(`the key of sqlReader: ${unknownColumn(absent, columns)}`);
      await refuseNulls(database, from, key);
    }
    const known = key ?? shape?.primaryKey ?? [];
    if (known.length > 0) return keyedPages(database, keyedBy(from, known), this.#pageSize, checkpoint);
    const number = shape?.rowNumber ?? null;
    if (number !== null)
      return this.#byRowNumber(database, keyedByRowNumber(from, number, columns, 'batchy_row'), checkpoint);
    if (database.kind === 'SQLite') {
      await numberRows(database, from, ownRows);
      const own = await database.shapeOf(ownRows, 'temp');
      const position = own?.rowNumber ?? null;
      if (own === undefined || position === null)
        throw new SqlError('sqlReader needs a key here: all names of the row number are taken.');
      const ownTable = sql.id('temp', ownRows);
      return this.#byRowNumber(
        database,
        keyedByRowNumber(ownTable, position, own.columns, 'batchy_position'),
        checkpoint,
      );
    }
    const offset = readOffset(checkpoint);
    await declareCursor(database, from, ownRows, offset);
    return cursorPages(database, ownRows, this.#pageSize, offset);
  }

  #byRowNumber(database: SqlDatabase, rows: KeyedRows, checkpoint: Json): SqlPages {
    this.#hidden = rows.key[0]!;
    return keyedPages(database, rows, this.#pageSize, checkpoint);
  }

  async #query(database: SqlDatabase): Promise<RawBuilder<unknown>> {
    const text = await valueFromContext(this.#options.query ?? '', this.#ctx);
    const parameters = await valueFromContext(this.#options.parameters ?? {}, this.#ctx);
    return boundQuery(database, text, parameters);
  }

  async #asked<Result>(work: () => Promise<Result>): Promise<Result> {
    const database = this.#database!;
    try {
      return await whenFree(database, this.#ctx.signal, work);
    } catch (error) {
      if (error instanceof SqlError || this.#ctx.signal.aborted) throw error;
      const what = this.#options.table === undefined ? 'the query' : `the table ${quoteBriefly(this.#options.table)}`;
      throw new SqlError(`${what} of sqlReader cannot be read from ${database.name}: ${driverMessage(error)}`, {
        cause: error,
      });
    }
  }
}

async function refuseNulls(database: SqlDatabase, from: RawBuilder<unknown>, key: readonly string[]): Promise<void> {
  const anyNull = sql.join(
    key.map((column) => sql`${sql.id(column)} is null`),
    sql` or `,
  );
  const { rows } = await sql`select 1 as found from ${from} where ${anyNull} limit 1`.execute(database.builder);
  if (rows.length > 0) {
    throw new SqlError(
      `the key (${key.map(quoteBriefly).join(', ')}) of sqlReader is null in some rows, which would be left out: name columns that never are.`,
    );
  }
}
