import { existsSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { Kysely, SqliteDialect, sql, type RawBuilder, type SqliteDatabase } from 'kysely';
import {
  driverMessage,
  SqlError,
  type SqlDatabase,
  type SqlFault,
  type SqlRow,
  type TableShape,
} from './sql-database.ts';
import { commonStorable, exactInteger } from './sql-values.ts';

/** More than the shapes of statements that a step uses; rows that differ in their columns could make ever more. */
const maxStatements = 200;

/** https://www.sqlite.org/limits.html: the default of SQLITE_MAX_VARIABLE_NUMBER. */
const maxParameters = 32_766;

const smallestInteger = -(2n ** 63n);
const greatestInteger = 2n ** 63n - 1n;

/**
 * Opens a database file that exists. Nothing waits in the driver: a lock that another connection holds is an error at once
 * (`faultOf` says `locked`), so that whoever waits for it can do so without holding up the process.
 * @throws SqlError when there is no such file, or it cannot be opened; whether it is a database shows when it is used
 */
export function openSqlite(file: string): SqlDatabase {
  const name = `sqlite:${file}`;
  if (!existsSync(file))
    throw new SqlError(`${name}: there is no such file; create the database and its tables first.`);
  let database: DatabaseSync;
  try {
    // For a reader, too: what a writer that was killed has left behind can only be rolled back by who may write.
    database = new DatabaseSync(file, { timeout: 0, enableForeignKeyConstraints: true });
    // What a reader puts aside may be large: on the disk with it.
    database.exec('PRAGMA temp_store = FILE; PRAGMA trusted_schema = OFF');
  } catch (error) {
    throw new SqlError(`${name} cannot be opened: ${driverMessage(error)}`, { cause: error });
  }
  const builder = new Kysely<unknown>({ dialect: new SqliteDialect({ database: preparedOnce(database) }) });
  return {
    kind: 'SQLite',
    name,
    builder,
    maxParameters,
    // A transaction that reads first and is refused the write lock later could only be given up.
    begin: 'begin immediate',
    keepRow: '',
    storable,
    shapeOf: (table, schema) => shapeOf(builder, table, schema),
    columnsOf: async (from) => {
      const { sql: text } = sql`select * from ${from}`.compile(builder);
      return database
        .prepare(text)
        .columns()
        .map((column) => column.name);
    },
    faultOf,
    close: () => {
      if (database.isOpen) database.close();
      return Promise.resolve();
    },
  };
}

/** Node's driver in the shape that the query builder knows, with each statement prepared once. */
function preparedOnce(database: DatabaseSync): SqliteDatabase {
  const prepared = new Map<string, ReturnType<SqliteDatabase['prepare']>>();
  return {
    close: () => database.close(),
    prepare(text) {
      let statement = prepared.get(text);
      if (statement === undefined) {
        if (prepared.size >= maxStatements) prepared.clear();
        statement = adapted(database.prepare(text));
        prepared.set(text, statement);
      }
      return statement;
    },
  };
}

function adapted(statement: StatementSync): ReturnType<SqliteDatabase['prepare']> {
  statement.setReadBigInts(true);
  const values = (parameters: readonly unknown[]) => parameters as readonly SQLInputValue[];
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...values(parameters)).map(withExactNumbers),
    run: (parameters) => statement.run(...values(parameters)),
    iterate: (parameters) => statement.iterate(...values(parameters)).map(withExactNumbers),
  };
}

function withExactNumbers(row: SqlRow): SqlRow {
  for (const column of Object.keys(row)) {
    const value = row[column];
    if (typeof value === 'bigint') row[column] = exactInteger(value);
  }
  return row;
}

function storable(value: unknown): SQLInputValue {
  const common = commonStorable(value);
  if (typeof common === 'boolean') return common ? 1n : 0n;
  if (typeof common === 'bigint' && (common < smallestInteger || common > greatestInteger))
    throw new TypeError(`the integer ${common} has more than SQLite's 64 bits`);
  if (typeof common !== 'number') return common;
  if (Number.isNaN(common)) throw new TypeError('NaN cannot be stored: SQLite would make it null');
  // The driver hands over each number as a floating one, of which a text column would keep `1.0`.
  return Number.isSafeInteger(common) ? BigInt(common) : common;
}

async function shapeOf(
  builder: Kysely<unknown>,
  table: string,
  schema: string | undefined,
): Promise<TableShape | undefined> {
  const from = schema === undefined ? sql`(${table})` : sql`(${table}, ${schema})`;
  const columns = await sql<{ name: string; type: string; pk: number; hidden: number; notnull: number }>`
    select "name", "type", "pk", "hidden", "notnull" from pragma_table_xinfo${from} order by "cid"`.execute(builder);
  if (columns.rows.length === 0) return undefined;
  const place = schema === undefined ? sql`` : sql`and "schema" = ${schema}`;
  const listed = await sql<{ type: string; wr: number }>`
    select "type", "wr" from pragma_table_list${sql`(${table})`} where true ${place} limit 1`.execute(builder);
  const { type, wr } = listed.rows[0] ?? { type: 'view', wr: 0 };
  // Hidden 1: of a virtual table, not given by `*`; 2 and 3: generated.
  const shown = columns.rows.filter((column) => column.hidden !== 1).map((column) => column.name);
  const key = columns.rows.filter((column) => column.pk > 0).sort((one, other) => one.pk - other.pk);
  const isRowNumber = key.length === 1 && key[0]!.type.toUpperCase() === 'INTEGER';
  // Of old, SQLite lets the columns of a primary key be null.
  const holds = wr === 1 || isRowNumber || key.every((column) => column.notnull === 1);
  const taken = new Set(columns.rows.map((column) => column.name.toLowerCase()));
  const rowNumber = ['rowid', '_rowid_', 'oid'].find((each) => !taken.has(each)) ?? null;
  return {
    columns: shown,
    writable: columns.rows.filter((column) => column.hidden === 0).map((column) => column.name),
    primaryKey: holds ? key.map((column) => column.name) : [],
    rowNumber: type === 'table' && wr === 0 ? rowNumber : null,
  };
}

/** https://www.sqlite.org/rescode.html */
function faultOf(error: unknown): SqlFault {
  const extended = error instanceof Error && 'errcode' in error ? Number(error.errcode) : 0;
  const [busy, locked, tooBig, constraint, mismatch] = [5, 6, 18, 19, 20];
  const code = extended & 0xff;
  if (code === busy || code === locked) return 'locked';
  return code === tooBig || code === constraint || code === mismatch ? 'row' : 'other';
}

/** For a query that is read without a key: its rows, sorted by all their columns, numbered in a table of this connection. */
export async function numberRows(database: SqlDatabase, from: RawBuilder<unknown>, table: string): Promise<void> {
  const columns = await database.columnsOf(from);
  // Else two texts that a column's collation holds for equal might change places from one run to the next.
  const order = sql.join(columns.map((_column, index) => sql`${sql.lit(index + 1)} collate binary`));
  await sql`create temp table ${sql.id(table)} as select * from ${from} order by ${order}`.execute(database.builder);
}
