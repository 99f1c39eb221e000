import { sql, type RawBuilder } from 'kysely';
import { driverMessage, SqlError, type SqlDatabase } from './sql-database.ts';
import { tableName } from './sql-query.ts';

export interface OwnTable {
  readonly name: string;
  readonly schema: string | undefined;
  /** What its columns are, as a statement that creates it says it. */
  readonly columns: RawBuilder<unknown>;
  /** For the message where it cannot be made: what needs it. */
  readonly neededBy: string;
}

/** There is no such table, and we may not make it. */
export class UncreatableTable extends SqlError {}

/** Makes a table of Batchy's own beside those that are written to. @throws UncreatableTable, which says how somebody else makes it */
export async function prepareOwnTable(
  database: SqlDatabase,
  { name, schema, columns, neededBy }: OwnTable,
): Promise<void> {
  const exists = async (): Promise<boolean> => (await database.shapeOf(name, schema)) !== undefined;
  if (await exists()) return;
  const creation = sql`create table ${tableName(name, schema)} (${columns})`;
  try {
    await creation.execute(database.builder);
  } catch (error) {
    if (database.faultOf(error) === 'locked') throw error;
    // Another writer may have been faster.
    if (await exists()) return;
    throw new UncreatableTable(
      `${database.name}: ${neededBy} needs the table ${name}, and it cannot be created (${driverMessage(error)}). Create it by hand: ${creation.compile(database.builder).sql}`,
      { cause: error },
    );
  }
}
