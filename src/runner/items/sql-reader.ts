import type { ReaderFactory } from './factory.ts';
import type { FromContext } from './from-context.ts';
import type { SqlConnection } from './sql-connection.ts';
import { SqlError, type SqlRow } from './sql-database.ts';

export interface SqlReaderOptions {
  /** `DATABASE_URL`, if not said. */
  readonly connection?: SqlConnection;
  /** Reads all of a table or view. Either this or `query`. */
  readonly table?: string;
  /** Of the table; where the database looks by itself, if not said. */
  readonly schema?: string;
  /** A `select`, with `:name` for each value. */
  readonly query?: FromContext<string>;
  /** The values of the query by name. */
  readonly parameters?: FromContext<Readonly<Record<string, unknown>>>;
  /**
   * Columns that together are unique and never null. The rows come sorted by them, and a restart goes on behind the last one, even if rows
   * before it came or went. A table has its primary key (in SQLite, else the row's number) if nothing is said. Without any, the rows come
   * sorted by all their columns, and a restart leaves out as many as were read: nothing may have changed in between.
   */
  readonly key?: readonly string[];
  /** Rows that are held in memory at a time: 1000. */
  readonly pageSize?: number;
}

/**
 * Reads the rows of a table or a query, a page at a time: memory stays flat. Nothing is lost: integers beyond 2^53 come as `bigint`, and
 * from PostgreSQL `numeric`, dates, JSON and arrays as its text (from SQLite, what is stored).
 * @throws SqlError from the reader, when the connection, the table, the query or the key cannot be used
 */
export function sqlReader(options: SqlReaderOptions): ReaderFactory<SqlRow> {
  if ((options.table === undefined) === (options.query === undefined))
    throw new SqlError('sqlReader needs either a table or a query.');
  if (options.key?.length === 0)
    throw new SqlError('the key of sqlReader names no column: leave it out, or name some.');
  const { pageSize = 1000 } = options;
  if (!Number.isSafeInteger(pageSize) || pageSize < 1)
    throw new SqlError('the pageSize of sqlReader must be an integer from 1.');
  return async (ctx) => {
    const { SqlRowReader } = await import('./sql-row-reader.ts');
    return new SqlRowReader(options, pageSize, ctx);
  };
}
