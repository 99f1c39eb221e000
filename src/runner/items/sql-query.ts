import { sql, type RawBuilder } from 'kysely';
import { quoteBriefly } from '../../domain/names.ts';
import { SqlError, type SqlDatabase } from './sql-database.ts';

/** A table's name as the builder quotes it. */
export function tableName(table: string, schema: string | undefined): RawBuilder<unknown> {
  return schema === undefined ? sql.id(table) : sql.id(schema, table);
}

/** Columns' names as the builder quotes them, with commas. */
export function columnList(columns: readonly string[]): RawBuilder<unknown> {
  return sql.join(columns.map((column) => sql.id(column)));
}

/**
 * Texts, quoted names, comments and casts, in which a colon begins no parameter; then a parameter. `E'…'` and `$tag$…$tag$` are
 * PostgreSQL's.
 */
const pieces =
  /(?<!\w)[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\$(\w*)\$[\s\S]*?\$\1\$|::|:(?<name>[A-Za-z_]\w*)/g;

/**
 * A query of the job's author with `:name` for each value, as something to select from. The values never become part of the text.
 * @throws SqlError for a name that has no value, and for a value that the database cannot take
 */
export function boundQuery(
  database: SqlDatabase,
  text: string,
  parameters: Readonly<Record<string, unknown>>,
): RawBuilder<unknown> {
  // The new line ends a comment that ends the query.
  return sql`(${boundStatement(database, text, parameters, 'sqlReader')}${sql.raw('\n')}) as batchy_query`;
}

/**
 * The same for a statement that stands alone.
 * @param user who asks, for messages: `sqlReader`
 */
export function boundStatement(
  database: SqlDatabase,
  text: string,
  parameters: Readonly<Record<string, unknown>>,
  user: string,
): RawBuilder<unknown> {
  const query = text.replace(/[\s;]+$/, '');
  const parts: RawBuilder<unknown>[] = [];
  let end = 0;
  for (const match of query.matchAll(pieces)) {
    const name = match.groups?.['name'];
    if (name === undefined) continue;
    parts.push(sql.raw(query.slice(end, match.index)), sql`${valueOf(database, name, parameters, user)}`);
    end = match.index + match[0].length;
  }
  parts.push(sql.raw(query.slice(end)));
  return sql`${sql.join(parts, sql.raw(''))}`;
}

function valueOf(
  database: SqlDatabase,
  name: string,
  parameters: Readonly<Record<string, unknown>>,
  user: string,
): unknown {
  if (!Object.hasOwn(parameters, name)) {
    const known = Object.keys(parameters).map(quoteBriefly).join(', ') || 'none';
    throw new SqlError(`the query of ${user} asks for :${name}, but its parameters are: ${known}.`);
  }
  try {
    return database.storable(parameters[name]);
  } catch (error) {
    throw new SqlError(
      `the parameter ${quoteBriefly(name)} of ${user} cannot be given to ${database.kind}: ${(error as Error).message}`,
    );
  }
}
