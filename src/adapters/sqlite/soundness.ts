import type { SqliteConnection } from './connection.ts';

interface Table {
  readonly name: string;
  /** 1 where the rows lie in the tree of their key. */
  readonly wr: number;
}

/**
 * Reads the first and the last row of each table, which costs the way down two trees however large they are. A damaged place between them is
 * known only once somebody has met it.
 * @throws the driver's error where the file is damaged, `BatchyError` `store-unavailable` where it was met before
 */
export function assertReadable(connection: SqliteConnection): void {
  connection.assertUndamaged();
  const tables = connection.all<Table>(
    "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name <> 'sqlite_schema'",
  );
  for (const { name, wr } of tables) {
    connection.get(`SELECT * FROM ${name} NOT INDEXED LIMIT 1`);
    if (wr === 0) connection.get(`SELECT * FROM ${name} NOT INDEXED ORDER BY rowid DESC LIMIT 1`);
  }
}
