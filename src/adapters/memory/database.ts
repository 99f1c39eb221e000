import type { StoredDocument } from '../../ports/document-reader.ts';
import type { WorkflowListing, StoredOperation } from '../../ports/store.ts';
import type { Instant } from '../../domain/time.ts';

/** All that a memory store holds, as texts, like the stores it stands in for. */
export interface MemoryDatabase {
  readonly workflows: Map<string, MemoryWorkflow>;
  /** By workflow, then by id. */
  readonly records: Map<string, Map<string, MemoryRecord>>;
  /** By collection, then by id. */
  readonly documents: Map<string, Map<string, StoredDocument>>;
  /** The members of each index, in no order. */
  readonly indexes: Map<string, Set<string>>;
  /** The last number that each sequence has given. */
  readonly sequences: Map<string, number>;
  journal: MemoryJournalEntry[];
  lastSequence: number;
  readonly operations: Map<string, { readonly operation: StoredOperation; readonly expiresAt: Instant }>;
  readonly watchers: Set<() => void>;
}

export interface MemoryWorkflow {
  readonly head: ReadonlyMap<string, string> | null;
  readonly ledger: string | null;
  readonly listing: WorkflowListing | null;
}

export interface MemoryRecord {
  readonly opening: string;
  readonly jobs: Map<string, string>;
  readonly copy: Map<string, string>;
}

export interface MemoryJournalEntry {
  readonly sequence: number;
  readonly workflow: string | null;
  readonly text: string;
}

export function emptyDatabase(): MemoryDatabase {
  return {
    workflows: new Map(),
    records: new Map(),
    documents: new Map(),
    indexes: new Map(),
    sequences: new Map(),
    journal: [],
    lastSequence: 0,
    operations: new Map(),
    watchers: new Set(),
  };
}
