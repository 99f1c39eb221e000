import type { DocumentKey, DocumentReader, IndexPage, StoredDocument } from '../../ports/document-reader.ts';
import type { StoredDocumentChange } from '../../ports/store.ts';
import type { MemoryDatabase } from './database.ts';

export function createMemoryDocuments(database: MemoryDatabase): DocumentReader {
  return {
    get: async (keys) => keys.map((key) => readDocument(database, key)),
    scan: async (page) => pageMembers(database, page),
    async reserve(sequence, count) {
      const first = (database.sequences.get(sequence) ?? 0) + 1;
      database.sequences.set(sequence, first + count - 1);
      return first;
    },
  };
}

export function readDocument(database: MemoryDatabase, { collection, id }: DocumentKey): StoredDocument | null {
  return database.documents.get(collection)?.get(id) ?? null;
}

export function writeDocument(
  database: MemoryDatabase,
  { collection, id, expected, text, add, remove }: StoredDocumentChange,
): void {
  const documents = database.documents.get(collection) ?? new Map<string, StoredDocument>();
  database.documents.set(collection, documents);
  if (text === null) documents.delete(id);
  else documents.set(id, { revision: (expected ?? 0) + 1, text });
  for (const { index, member } of remove) database.indexes.get(index)?.delete(member);
  for (const { index, member } of add) {
    const members = database.indexes.get(index) ?? new Set();
    database.indexes.set(index, members.add(member));
  }
}

/** Members are ASCII, so that they compare as their bytes do. */
function pageMembers(database: MemoryDatabase, { index, prefix, direction, beyond, limit }: IndexPage): string[] {
  const ascending = direction === 'ascending';
  const members = [...(database.indexes.get(index) ?? [])]
    .filter((member) => member.startsWith(prefix))
    .filter((member) => beyond === null || (ascending ? member > beyond : member < beyond))
    .sort();
  return (ascending ? members : members.toReversed()).slice(0, limit);
}
