import { itemWriter, type WriterFactory } from './factory.ts';
import type { SqlConnection } from './sql-connection.ts';
import { SqlError } from './sql-database.ts';

export interface SqlWriterOptions {
  /** `DATABASE_URL`, if not said. */
  readonly connection?: SqlConnection;
  /** It must be there, with a column for each property of the items. */
  readonly table: string;
  /** Of the table; where the database looks by itself, if not said. */
  readonly schema?: string;
  /**
   * Columns of a unique index. A row that is there already is replaced in the columns that the item has, so that writing a chunk again
   * changes nothing. Without a key each item is a new row, and the table `batchy_chunks` beside it remembers which chunks are written.
   */
  readonly key?: readonly string[];
}

/**
 * Writes items (objects, a property a column) to a table, each chunk in a transaction of its own: all of it or nothing, and a chunk
 * that comes again changes nothing.
 * @throws ItemError from the writer, with the row's place in the chunk, when a row does not fit or is refused; SqlError when the connection or the
 * table cannot be used
 */
export function sqlWriter(options: SqlWriterOptions): WriterFactory<unknown> {
  if (options.key?.length === 0)
    throw new SqlError('the key of sqlWriter names no column: leave it out, or name some.');
  return itemWriter(async (ctx) => {
    const { SqlRowWriter } = await import('./sql-row-writer.ts');
    return new SqlRowWriter(options, ctx);
  });
}
