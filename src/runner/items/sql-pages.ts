import { sql, type RawBuilder } from 'kysely';
import { isJsonObject, type Json } from '../../domain/json.ts';
import { quoteBriefly } from '../../domain/names.ts';
import { SqlError, type SqlDatabase, type SqlRow } from './sql-database.ts';
import { columnList } from './sql-query.ts';

/** Rows page by page, and the place behind each of them. */
export interface SqlPages {
  /** The next rows; none at the end. */
  next(): Promise<SqlRow[]>;
  /**
   * Where pages must start to give the rows behind this one.
   * @param count how many have been given with it since these pages began
   */
  placeBehind(row: SqlRow, count: number): Json;
}

/** What is read, and by which columns it is sorted. */
export interface KeyedRows {
  readonly from: RawBuilder<unknown>;
  /** The names in the rows of what they are sorted by; together in no two rows the same, and never null. */
  readonly key: readonly string[];
  /** What a row is made of. */
  readonly select: RawBuilder<unknown>;
  /** The key as statements name it. */
  readonly keyColumns: RawBuilder<unknown>;
}

/**
 * Pages by key: each asks for the rows behind the last one of the page before, so that its cost does not grow with the place.
 * @throws SqlError for a checkpoint of another key, when the rows are asked for: for a key that is not unique
 */
export function keyedPages(database: SqlDatabase, rows: KeyedRows, pageSize: number, start: Json): SqlPages {
  let after = start === null ? null : readPlace(start, rows.key);
  const keyOf = (row: SqlRow) => rows.key.map((column) => row[column]);
  return {
    async next() {
      const behind =
        after === null
          ? sql``
          : sql`where (${rows.keyColumns}) > (${sql.join(after.map((value) => database.storable(value)))})`;
      // One more than is given: if it has the same key as the one before it, asking for what is behind that would lose it.
      const { rows: page } = await sql<SqlRow>`
        select ${rows.select} from ${rows.from} ${behind} order by ${rows.keyColumns} limit ${sql.lit(pageSize + 1)}`.execute(
        database.builder,
      );
      checkKeys(page.map(keyOf), rows.key);
      const given = page.slice(0, pageSize);
      const last = given.at(-1);
      if (last !== undefined) after = keyOf(last);
      return given;
    },
    placeBehind: (row) => ({ key: rows.key, after: keyOf(row).map(toJson) }),
  };
}

function checkKeys(keys: readonly unknown[][], columns: readonly string[]): void {
  const named = columns.map(quoteBriefly).join(', ');
  let before = '';
  for (const key of keys) {
    if (key.includes(null))
      throw new SqlError(`the key (${named}) of sqlReader is null in a row: name columns that never are.`);
    const text = JSON.stringify(key.map(toJson));
    if (text === before)
      throw new SqlError(
        `the key (${named}) of sqlReader is not unique: several rows have ${quoteBriefly(text)}. Name columns that together are.`,
      );
    before = text;
  }
}

/** Pages of a cursor that was opened behind the first `start` rows. */
export function cursorPages(database: SqlDatabase, cursor: string, pageSize: number, start: number): SqlPages {
  return {
    async next() {
      const { rows } = await sql<SqlRow>`fetch ${sql.lit(pageSize)} from ${sql.id(cursor)}`.execute(database.builder);
      return rows;
    },
    placeBehind: (_row, count) => ({ offset: start + count }),
  };
}

/** @throws SqlError when the checkpoint is none of a reader without a key */
export function readOffset(checkpoint: Json): number {
  if (checkpoint === null) return 0;
  const offset = isJsonObject(checkpoint) ? checkpoint['offset'] : undefined;
  if (typeof offset === 'number' && Number.isSafeInteger(offset) && offset >= 0) return offset;
  throw changed(checkpoint);
}

function readPlace(checkpoint: Json, key: readonly string[]): unknown[] {
  const place = isJsonObject(checkpoint) ? checkpoint : {};
  if (JSON.stringify(place['key']) !== JSON.stringify(key) || !Array.isArray(place['after'])) throw changed(checkpoint);
  return place['after'].map(fromJson);
}

function changed(checkpoint: Json): SqlError {
  return new SqlError(
    `the checkpoint ${quoteBriefly(JSON.stringify(checkpoint))} is not one of this sqlReader: its table, query or key was changed since. Change it back, or launch with force to begin afresh.`,
  );
}

/** A key's value so that it comes back as it was: JSON has no integers beyond 2^53, no infinity and no bytes. */
function toJson(value: unknown): Json {
  if (typeof value === 'bigint') return { integer: String(value) };
  if (typeof value === 'number' && !Number.isFinite(value)) return { real: String(value) };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('hex') };
  return value as Json;
}

function fromJson(value: Json): unknown {
  if (!isJsonObject(value)) return value;
  if (typeof value['integer'] === 'string') return BigInt(value['integer']);
  if (typeof value['bytes'] === 'string') return Buffer.from(value['bytes'], 'hex');
  return Number(value['real']);
}

/** Rows by columns of their own. */
export function keyedBy(from: RawBuilder<unknown>, key: readonly string[]): KeyedRows {
  return { from, key, select: sql`*`, keyColumns: columnList(key) };
}

/**
 * Rows by SQLite's own number of each, selected under a name that none of their columns has.
 * @param meaning that name, which is in the checkpoints: numbers of different meanings are not taken for each other
 */
export function keyedByRowNumber(
  from: RawBuilder<unknown>,
  rowNumber: string,
  columns: readonly string[],
  meaning: 'batchy_row' | 'batchy_position',
): KeyedRows {
  const taken = new Set(columns.map((column) => column.toLowerCase()));
  let name: string = meaning;
  while (taken.has(name)) name += '_';
  return { from, key: [name], select: sql`*, ${sql.id(rowNumber)} as ${sql.id(name)}`, keyColumns: sql.id(rowNumber) };
}
