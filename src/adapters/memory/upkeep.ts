import { decodeOperation, encodeOperation, listingFields, readListing } from '../../domain/archive-text.ts';
import { decodeJournalEntry } from '../../domain/change-text.ts';
import { BatchyError } from '../../domain/errors.ts';
import { isForgettable } from '../../domain/retention.ts';
import { formatInstant, type Instant, parseInstant } from '../../domain/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ArchivedItem, Upkeep } from '../../ports/upkeep.ts';
import { allRecords } from './batch-reader.ts';
import type { MemoryDatabase } from './database.ts';

export function createMemoryUpkeep(database: MemoryDatabase, clock: Clock): Upkeep {
  return {
    ping: () => Promise.resolve(),
    warnings: () => Promise.resolve(['The store is this process’s memory: everything is lost when it ends.']),
    prune: async (before, limit) => prune(database, before, limit, await clock.now()),
    async *foreignKeys() {
      // Nobody else can write here.
    },
    async *exportAll() {
      yield* archive(database);
    },
    async importAll(items) {
      if (!isEmpty(database)) {
        throw new BatchyError(
          'foreign-data',
          'The store that should take in the archive is not empty. Name an empty one.',
        );
      }
      let count = 0;
      for await (const item of items) {
        restore(database, item);
        count++;
      }
      return count;
    },
    async close() {
      database.watchers.clear();
    },
  };
}

function isEmpty({ workflows, journal, operations, documents, indexes, sequences }: MemoryDatabase): boolean {
  return journal.length === 0 && [workflows, operations, documents, indexes, sequences].every(({ size }) => size === 0);
}

function prune(database: MemoryDatabase, before: Instant, limit: number, now: Instant): number {
  const old = database.journal.findIndex(({ text }) => decodeJournalEntry(text).at >= before);
  const entries = Math.min(old === -1 ? database.journal.length : old, limit);
  database.journal = database.journal.slice(entries);
  let removed = entries;
  for (const [id, { expiresAt }] of database.operations) {
    if (removed < limit && expiresAt <= now && database.operations.delete(id)) removed++;
  }
  for (const [workflow, records] of database.records) {
    const head = database.workflows.get(workflow)?.head ?? null;
    for (const record of allRecords(database, workflow)) {
      if (removed < limit && isForgettable(record, head, before) && records.delete(record.id)) removed++;
    }
  }
  return removed;
}

function* archive(database: MemoryDatabase): Iterable<ArchivedItem> {
  for (const [name, { head, ledger, listing }] of database.workflows) {
    yield {
      kind: 'workflow',
      name,
      head: head === null ? null : Object.fromEntries(head),
      ledger,
      listing: listing === null ? null : listingFields(listing),
    };
  }
  for (const [workflow, records] of database.records) {
    for (const [id, { opening, jobs, copy }] of records) {
      yield {
        kind: 'record',
        workflow,
        id,
        opening,
        jobs: Object.fromEntries(jobs),
        copy: copy.size === 0 ? null : Object.fromEntries(copy),
      };
    }
  }
  for (const { sequence, text } of database.journal) yield { kind: 'journal', sequence, entry: text };
  for (const [id, { operation, expiresAt }] of database.operations) {
    yield { kind: 'operation', id, text: encodeOperation(operation), expiresAt: formatInstant(expiresAt) };
  }
  yield* archiveDocuments(database);
}

function* archiveDocuments({ documents, indexes, sequences }: MemoryDatabase): Iterable<ArchivedItem> {
  for (const [collection, byId] of documents) {
    for (const [id, { revision, text }] of byId) yield { kind: 'document', collection, id, revision, text };
  }
  for (const [index, members] of indexes) {
    if (members.size > 0) yield { kind: 'index', index, members: [...members].sort() };
  }
  for (const [sequence, last] of sequences) yield { kind: 'sequence', sequence, last };
}

function restore(database: MemoryDatabase, item: ArchivedItem): void {
  if (item.kind === 'workflow') {
    const { name, head, ledger, listing } = item;
    database.workflows.set(name, {
      head: head === null ? null : new Map(Object.entries(head)),
      ledger,
      listing: listing === null ? null : readListing(listing),
    });
  } else if (item.kind === 'record') {
    const records = database.records.get(item.workflow) ?? new Map();
    database.records.set(item.workflow, records);
    records.set(item.id, {
      opening: item.opening,
      jobs: new Map(Object.entries(item.jobs)),
      copy: new Map(Object.entries(item.copy ?? {})),
    });
  } else if (item.kind === 'journal') {
    database.journal.push({
      sequence: item.sequence,
      workflow: decodeJournalEntry(item.entry).workflow,
      text: item.entry,
    });
    database.lastSequence = Math.max(database.lastSequence, item.sequence);
  } else if (item.kind === 'operation') {
    database.operations.set(item.id, {
      operation: { id: item.id, ...decodeOperation(item.text) },
      expiresAt: parseInstant(item.expiresAt) ?? 0n,
    });
  } else if (item.kind === 'document') {
    const documents = database.documents.get(item.collection) ?? new Map();
    database.documents.set(item.collection, documents);
    documents.set(item.id, { revision: item.revision, text: item.text });
  } else if (item.kind === 'index') {
    database.indexes.set(item.index, new Set([...(database.indexes.get(item.index) ?? []), ...item.members]));
  } else {
    database.sequences.set(item.sequence, item.last);
  }
}
