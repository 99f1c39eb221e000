import type { DocumentKey, DocumentReader, IndexPage, StoredDocument } from '../../ports/document-reader.ts';
import type { DocumentGuard, StoredDocumentChange } from '../../ports/store.ts';
import type { SqliteConnection } from './connection.ts';

export function createSqliteDocuments(connection: SqliteConnection): DocumentReader {
  return {
    get: (keys) => connection.whenFree(() => getTogether(connection, keys)),
    scan: (page) => connection.whenFree(() => pageMembers(connection, page)),
    reserve: (sequence, count) =>
      // A number that is used is stored by a commit after this one, which flushes both.
      connection.whenFree(() => connection.withoutFlush(() => reserveNumbers(connection, sequence, count))),
  };
}

function getTogether(connection: SqliteConnection, keys: readonly DocumentKey[]): (StoredDocument | null)[] {
  if (keys.length < 2) return keys.map((key) => readDocument(connection, key));
  // Else another process could commit between two of them.
  connection.exec('BEGIN');
  try {
    return keys.map((key) => readDocument(connection, key));
  } finally {
    connection.exec('COMMIT');
  }
}

function readDocument(connection: SqliteConnection, { collection, id }: DocumentKey): StoredDocument | null {
  const row = connection.get<{ revision: number; text: string }>(
    'SELECT revision, text FROM documents WHERE collection = ? AND id = ?',
    collection,
    id,
  );
  return row === undefined ? null : { revision: row.revision, text: row.text };
}

/** Behind every member that begins with the prefix: members are ASCII, and compare by their bytes. */
const behindAll = '\u{10ffff}';

function pageMembers(connection: SqliteConnection, { index, prefix, direction, beyond, limit }: IndexPage): string[] {
  const [comparison, order, start] = direction === 'ascending' ? ['>', 'ASC', ''] : ['<', 'DESC', behindAll];
  const rows = connection.all<{ member: string }>(
    `SELECT member FROM document_index WHERE index_name = ? AND member >= ? AND member < ? AND member ${comparison} ?
     ORDER BY member ${order} LIMIT ?`,
    index,
    prefix,
    `${prefix}${behindAll}`,
    beyond ?? start,
    limit,
  );
  return rows.map(({ member }) => member);
}

function reserveNumbers(connection: SqliteConnection, sequence: string, count: number): number {
  const row = connection.get<{ last: number }>(
    `INSERT INTO sequences (name, last) VALUES (?, ?)
     ON CONFLICT (name) DO UPDATE SET last = last + excluded.last RETURNING last`,
    sequence,
    count,
  );
  return (row as { last: number }).last - count + 1;
}

export function holdsRevision(connection: SqliteConnection, { collection, id, expected }: DocumentGuard): boolean {
  const row = connection.get<{ revision: number }>(
    'SELECT revision FROM documents WHERE collection = ? AND id = ?',
    collection,
    id,
  );
  return (row?.revision ?? null) === expected;
}

export function writeDocument(
  connection: SqliteConnection,
  { collection, id, expected, text, add, remove }: StoredDocumentChange,
): void {
  if (text === null) connection.run('DELETE FROM documents WHERE collection = ? AND id = ?', collection, id);
  else putDocument(connection, { collection, id }, { revision: (expected ?? 0) + 1, text });
  for (const { index, member } of remove)
    connection.run('DELETE FROM document_index WHERE index_name = ? AND member = ?', index, member);
  for (const { index, member } of add) addMember(connection, index, member);
}

export function putDocument(
  connection: SqliteConnection,
  { collection, id }: DocumentKey,
  { revision, text }: StoredDocument,
): void {
  connection.run(
    `INSERT INTO documents (collection, id, revision, text) VALUES (?, ?, ?, ?)
     ON CONFLICT (collection, id) DO UPDATE SET revision = excluded.revision, text = excluded.text`,
    collection,
    id,
    revision,
    text,
  );
}

export function addMember(connection: SqliteConnection, index: string, member: string): void {
  connection.run('INSERT OR IGNORE INTO document_index (index_name, member) VALUES (?, ?)', index, member);
}
