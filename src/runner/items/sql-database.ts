import type { Kysely, RawBuilder } from 'kysely';
import { quoteBriefly } from '../../domain/names.ts';

/** A row by its columns' names. */
export type SqlRow = Record<string, unknown>;

/** What is known of a table (or a view) before it is read or written. */
export interface TableShape {
  readonly columns: readonly string[];
  /** Those that a statement may set: all but the generated ones. */
  readonly writable: readonly string[];
  /** Columns that together are in no two rows the same and never null, in the order of their index; none for a view. */
  readonly primaryKey: readonly string[];
  /** A name for the row's own number, where the database keeps one in each row of this table. */
  readonly rowNumber: string | null;
}

/**
 * What an error of the driver means: a row that the table refuses, a lock that another holds (nothing was done, and doing it again may
 * succeed), or anything else.
 */
export type SqlFault = 'row' | 'locked' | 'other';

/** One connection to a database, and in what its kind differs from the others. */
export interface SqlDatabase {
  readonly kind: 'SQLite' | 'PostgreSQL';
  /** For messages: which database, without user and password. */
  readonly name: string;
  readonly builder: Kysely<unknown>;
  /** How many values one statement may be given. */
  readonly maxParameters: number;
  /** What begins a transaction that is going to write. */
  readonly begin: string;
  /** What ends a `select`, so that its rows stay as they are until the transaction has ended. */
  readonly keepRow: string;
  /**
   * A value as the driver takes it.
   * @throws TypeError for what the database cannot store
   */
  storable(value: unknown): unknown;
  /** @returns undefined when there is no such table */
  shapeOf(table: string, schema: string | undefined): Promise<TableShape | undefined>;
  /** The names of the columns of what can be selected from. */
  columnsOf(from: RawBuilder<unknown>): Promise<string[]>;
  faultOf(error: unknown): SqlFault;
  close(): Promise<void>;
}

/** What is wrong with the use of a database as a whole: its connection, a table that is missing, a query that it refuses. */
export class SqlError extends Error {
  override readonly name = 'SqlError';
}

/** A write that was broken off: the connection may have been lost when the transaction was committed already. */
export class UncertainSqlError extends SqlError {
  readonly isUncertain = true;
}

/** The text of a driver's error; that of a refused connection may be empty, with the reasons inside. */
export function driverMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== '') return error.message;
  const inner = error instanceof AggregateError ? error.errors.map(driverMessage).join('; ') : '';
  return inner || ('code' in error ? String(error.code) : error.name);
}

/** Says which table there is not, and how a schema is named. */
export function missingTable(database: SqlDatabase, table: string, schema: string | undefined): SqlError {
  const hint = schema === undefined && table.includes('.') ? ' A schema is named on its own: { schema, table }.' : '';
  const place = schema === undefined ? '' : ` in the schema ${quoteBriefly(schema)}`;
  return new SqlError(
    `${database.name} has no table ${quoteBriefly(table)}${place}: create it first, or mend the name.${hint}`,
  );
}

/** Says which column there is not, and which there are. */
export function unknownColumn(column: string, columns: readonly string[]): string {
  return `there is no column ${quoteBriefly(column)} (capitals count); there are ${columns.map(quoteBriefly).join(', ')}.`;
}
