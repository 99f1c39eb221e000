import { readListing } from '../../domain/archive-text.ts';
import { formatInstant } from '../../domain/time.ts';
import type { ListedWorkflow, WorkflowPage } from '../../ports/batch-reader.ts';
import type { SqliteConnection } from './connection.ts';

/** Greater than every character that a name may hold. */
const lastCharacter = '\u{10ffff}';

/** A page of workflows, from behind the cursor on; there is an index for each order, with and without a status. */
export function listWorkflows(connection: SqliteConnection, page: WorkflowPage): ListedWorkflow[] {
  const conditions: string[] = [];
  const values: (string | number)[] = [];
  const require = (condition: string, ...bound: string[]): void => {
    conditions.push(condition);
    values.push(...bound);
  };
  if (page.status === null) require('status IS NOT NULL');
  else require('status = ?', page.status);
  if (page.prefix !== '') require('name >= ? AND name < ?', page.prefix, `${page.prefix}${lastCharacter}`);
  const [comparison, direction] = page.descending ? ['<', 'DESC'] : ['>', 'ASC'];
  if (page.after !== null) {
    if (page.sort === 'name') require(`name ${comparison} ?`, page.after.name);
    else require(`(updated_at, name) ${comparison} (?, ?)`, formatInstant(page.after.updatedAt), page.after.name);
  }
  const order = page.sort === 'name' ? `name ${direction}` : `updated_at ${direction}, name ${direction}`;
  const rows = connection.all<{ name: string; status: string; updated_at: string }>(
    `SELECT name, status, updated_at FROM workflows WHERE ${conditions.join(' AND ')} ORDER BY ${order} LIMIT ?`,
    ...values,
    page.limit,
  );
  return rows.map(({ name, ...fields }) => {
    const { status, updatedAt } = readListing(fields);
    return { name, status, updatedAt };
  });
}

/** Heads that are in no list: they came from another store, where another program wrote them. */
export function unlistedWorkflows(connection: SqliteConnection): string[] {
  return connection
    .all<{ name: string }>('SELECT name FROM workflows WHERE status IS NULL ORDER BY name')
    .map(({ name }) => name);
}
