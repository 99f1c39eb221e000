import type { ArchivedItem } from '../../ports/upkeep.ts';
import type { SqliteConnection } from './connection.ts';
import { addMember, putDocument } from './documents.ts';

/** Members of an index in one item of an archive. */
const membersAtOnce = 200;

type ArchivedDocument = Extract<ArchivedItem, { kind: 'document' | 'index' | 'sequence' }>;

export function* archiveDocuments(connection: SqliteConnection): Iterable<ArchivedDocument> {
  for (const { collection, id, revision, text } of connection.iterate<{
    collection: string;
    id: string;
    revision: number;
    text: string;
  }>('SELECT collection, id, revision, text FROM documents ORDER BY collection, id')) {
    yield { kind: 'document', collection, id, revision, text };
  }
  yield* archiveIndexes(connection);
  for (const { name, last } of connection.iterate<{ name: string; last: number }>(
    'SELECT name, last FROM sequences ORDER BY name',
  )) {
    yield { kind: 'sequence', sequence: name, last };
  }
}

function* archiveIndexes(connection: SqliteConnection): Iterable<ArchivedDocument> {
  let index = '';
  let members: string[] = [];
  for (const row of connection.iterate<{ index_name: string; member: string }>(
    'SELECT index_name, member FROM document_index ORDER BY index_name, member',
  )) {
    if (members.length > 0 && (row.index_name !== index || members.length === membersAtOnce)) {
      yield { kind: 'index', index, members };
      members = [];
    }
    index = row.index_name;
    members.push(row.member);
  }
  if (members.length > 0) yield { kind: 'index', index, members };
}

export function restoreDocument(connection: SqliteConnection, item: ArchivedDocument): void {
  if (item.kind === 'document') putDocument(connection, item, item);
  else if (item.kind === 'index') for (const member of item.members) addMember(connection, item.index, member);
  else connection.run('INSERT OR REPLACE INTO sequences (name, last) VALUES (?, ?)', item.sequence, item.last);
}
