import { Kysely, PostgresDialect, sql, type PostgresPool, type RawBuilder } from 'kysely';
import type { Pool, PoolClient } from 'pg';
import {
  driverMessage,
  SqlError,
  type SqlDatabase,
  type SqlFault,
  type SqlRow,
  type TableShape,
} from './sql-database.ts';
import { commonStorable, exactInteger } from './sql-values.ts';

/** More than the shapes of statements that a step uses; the server keeps each until the connection ends. */
const maxNamedStatements = 200;

/** The protocol counts them in 16 bits. */
const maxParameters = 65_535;

const connectTimeoutMs = 15_000;

/** How the driver is loaded; it is an optional peer, since not everybody has a PostgreSQL. */
export type LoadPostgresDriver = () => Promise<{ default: { Pool: typeof Pool } }>;

/**
 * Connects to a PostgreSQL database.
 * @param url `postgres://user:password@host:port/database`; it is not part of any error
 * @throws SqlError when the driver is not installed, or the database does not answer or refuses us
 */
export async function openPostgres(
  url: string,
  { readOnly, load = () => import('pg') }: { readonly readOnly: boolean; readonly load?: LoadPostgresDriver },
): Promise<SqlDatabase> {
  const { host, pathname } = new URL(url);
  const name = `postgres://${host}${pathname}`;
  const driver = await load().catch((error: unknown) => {
    throw new SqlError(
      'PostgreSQL needs the package `pg`, which is not installed: run `npm install pg` where Batchy is installed.',
      { cause: error },
    );
  });
  const pool = new driver.default.Pool({
    connectionString: url,
    application_name: 'batchy',
    // One: what a connection begins (a transaction, a cursor) is what its next statement finds.
    max: 1,
    idleTimeoutMillis: 0,
    connectionTimeoutMillis: connectTimeoutMs,
    types: { getTypeParser: () => (text: string) => text },
  });
  // A connection that breaks while nobody uses it is replaced by the next use.
  pool.on('error', () => undefined);
  const builder = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: preparedOnce(pool, readOnly) }) });
  try {
    await sql`select 1`.execute(builder);
  } catch (error) {
    await pool.end();
    throw new SqlError(`${name} cannot be used: ${driverMessage(error)}`, { cause: error });
  }
  return {
    kind: 'PostgreSQL',
    name,
    builder,
    maxParameters,
    begin: 'begin',
    keepRow: 'for share',
    storable,
    shapeOf: (table, schema) => shapeOf(builder, table, schema),
    columnsOf: async (from) => {
      // The names come with the answer even if it has no rows, but the builder gives rows only.
      const { rows } = await sql<SqlRow>`
        select q.* from (select 1) as one left join (select * from ${from} limit 0) as q on true`.execute(builder);
      return Object.keys(rows[0] ?? {});
    },
    faultOf,
    close: () => pool.end(),
  };
}

/** What the session is told once, so that texts of dates and durations are the same whatever the server's settings. */
function settings(readOnly: boolean): string {
  const session = "set DateStyle = 'ISO'; set IntervalStyle = 'iso_8601'; set TimeZone = 'UTC'";
  return readOnly ? `${session}; set default_transaction_read_only = on` : session;
}

/** The driver's pool in the shape that the query builder knows, with each statement prepared once by the server. */
function preparedOnce(pool: Pool, readOnly: boolean): PostgresPool {
  const prepared = new WeakMap<PoolClient, Map<string, string>>();
  const query = async (client: PoolClient, text: string, values: readonly unknown[]) => {
    const names = prepared.get(client)!;
    let name = names.get(text);
    if (name === undefined && names.size < maxNamedStatements) {
      name = `batchy_${names.size + 1}`;
      names.set(text, name);
    }
    const named = name === undefined ? {} : { name };
    const result = await client.query<unknown[]>({ text, values: [...values], rowMode: 'array', ...named });
    const columns = result.fields ?? [];
    const parsers = columns.map((column) => parserOf(column.dataTypeID));
    const toRow = (values: readonly unknown[]): SqlRow =>
      Object.fromEntries(
        columns.map((column, index) => {
          const value = values[index];
          return [column.name, typeof value === 'string' ? parsers[index]!(value) : null];
        }),
      );
    return { command: result.command, rowCount: result.rowCount ?? 0, rows: result.rows.map(toRow) };
  };
  return {
    options: {},
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect();
      if (!prepared.has(client)) {
        prepared.set(client, new Map());
        // While it is in use the pool does not listen; one that breaks between two statements is told by the next one.
        client.on('error', () => undefined);
        try {
          await client.query(settings(readOnly));
        } catch (error) {
          client.release(true);
          throw error;
        }
      }
      return {
        query: ((text: string, values: readonly unknown[]) => query(client, text, values)) as never,
        release: (destroy?: boolean) => client.release(destroy),
      };
    },
  };
}

/**
 * Exact: integers as `number` where that holds them and as `bigint` beyond, floating ones as `number`, truth values as `boolean`,
 * bytes as bytes; everything else (numeric, dates, JSON, arrays, …) as the text that PostgreSQL writes, which it also takes.
 * The numbers are those of its catalogue, pg_type.
 */
function parserOf(type: number): (text: string) => unknown {
  switch (type) {
    case 16:
      return (text) => text === 't';
    case 17:
      return (text) => Buffer.from(text.slice(2), 'hex');
    case 20:
      return (text) => exactInteger(BigInt(text));
    case 21:
    case 23:
    case 26:
    case 700:
    case 701:
      return Number;
    default:
      return (text) => text;
  }
}

function storable(value: unknown): unknown {
  const common = commonStorable(value);
  if (typeof common === 'bigint' || typeof common === 'number') return String(common);
  return common instanceof Uint8Array ? Buffer.from(common) : common;
}

async function shapeOf(
  builder: Kysely<unknown>,
  table: string,
  schema: string | undefined,
): Promise<TableShape | undefined> {
  const place = schema === undefined ? sql`pg_table_is_visible(c.oid)` : sql`n.nspname = ${schema}`;
  const { rows } = await sql<{ name: string; generated: boolean; place: number | null }>`
    select a.attname as name, a.attgenerated <> '' as generated, array_position(i.indkey::int2[], a.attnum) as place
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_index i on i.indrelid = c.oid and i.indisprimary
    where c.relname = ${table} and c.relkind in ('r', 'p', 'v', 'm', 'f') and ${place}
    order by a.attnum`.execute(builder);
  if (rows.length === 0) return undefined;
  const key = rows.filter((row) => row.place !== null).sort((one, other) => one.place! - other.place!);
  return {
    columns: rows.map((row) => row.name),
    writable: rows.filter((row) => !row.generated).map((row) => row.name),
    primaryKey: key.map((row) => row.name),
    rowNumber: null,
  };
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html, by the first two characters. */
function faultOf(error: unknown): SqlFault {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  // Ended to let another transaction go on: a serialization failure, a deadlock.
  if (code === '40001' || code === '40P01') return 'locked';
  // A statement that names a row twice, its data, a constraint, a view's check, or what a trigger raised.
  return /^(21|22|23|44|P0)...$/.test(code) ? 'row' : 'other';
}

/** For a query that is read without a key: its rows from the given one on, sorted by all their columns, under a cursor. */
export async function declareCursor(
  database: SqlDatabase,
  from: RawBuilder<unknown>,
  cursor: string,
  offset: number,
): Promise<void> {
  const columns = await database.columnsOf(from);
  const order = sql.join(columns.map((_column, index) => sql.lit(index + 1)));
  await sql`begin read only`.execute(database.builder);
  await sql`declare ${sql.id(cursor)} no scroll cursor for
    select * from ${from} order by ${order} offset ${sql.lit(offset)}`.execute(database.builder);
}
