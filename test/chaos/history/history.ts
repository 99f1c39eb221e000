import type { JournalEntry } from '../../../src/domain/change.ts';
import type { StoredDocument } from '../../../src/ports/document-reader.ts';

/** One commit, as the store carried it out. */
export interface StoredCommit {
  readonly writes: readonly DocumentWrite[];
  readonly entries: readonly SequencedEntry[];
}

export interface DocumentWrite {
  readonly collection: string;
  readonly id: string;
  /** `null`: it was removed. */
  readonly after: StoredDocument | null;
}

export interface SequencedEntry {
  readonly sequence: number;
  readonly entry: JournalEntry;
}

/** A commit with what was there before it. */
export interface Moment {
  readonly changes: readonly DocumentMove[];
  readonly entries: readonly SequencedEntry[];
  /** A document as it is after the commit. */
  readonly find: (collection: string, id: string | number) => StoredDocument | null;
}

export interface DocumentMove extends DocumentWrite {
  readonly before: StoredDocument | null;
}

/** Makes moments of commits, in their order, by keeping what is stored. */
export function followHistory(): (commit: StoredCommit) => Moment {
  const stored = new Map<string, StoredDocument>();
  const find: Moment['find'] = (collection, id) => stored.get(`${collection}:${id}`) ?? null;
  return ({ writes, entries }) => {
    const changes = writes.map((write) => ({ ...write, before: find(write.collection, write.id) }));
    for (const { collection, id, after } of writes) {
      if (after === null) stored.delete(`${collection}:${id}`);
      else stored.set(`${collection}:${id}`, after);
    }
    return { changes, entries, find };
  };
}
