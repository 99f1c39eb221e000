import type { JournalEntry, RecordWrite } from '../domain/change.ts';
import type { Instant } from '../domain/time.ts';
import type { Status } from '../domain/transitions.ts';
import type { StoredWorkflow } from '../domain/workflow.ts';
import type { DocumentKey } from './document-reader.ts';

/**
 * The one way by which state changes. A commit is all or nothing: head, ledger, records, index, coverage, journal and the
 * operation's answer are there together after it, or none is. It is compared with what was read, by content, so that not
 * even a program that knows nothing of us can slip between the reading and the writing.
 */
export interface Store {
  /**
   * Applies a commit once. The same operation id again changes nothing and gives the first commit's answer, so a commit
   * whose reply was lost may be sent again.
   * @throws BatchyError `store-unavailable` when the store cannot be reached or the outcome is unknown, `store-full`,
   * `foreign-data` when a key that would be written is of another type
   */
  commit(commit: Commit): Promise<CommitOutcome>;
}

export interface Commit {
  readonly operation: Operation;
  /**
   * What changes, each with what it was computed from; no two changes of the same thing. A launch changes a workflow and
   * documents in one commit.
   */
  readonly changes: readonly StoredChange[];
  /** Documents that must be at a revision without being changed: a lease whose revision is the fencing token. */
  readonly guards?: readonly DocumentGuard[];
  readonly journal: readonly JournalEntry[];
}

export type StoredChange = StoredWorkflowChange | StoredDocumentChange;

export interface StoredDocumentChange extends DocumentGuard {
  readonly kind: 'document';
  /** The text after it; `null` removes the document. The next revision is the expected one plus one, 1 for a new document. */
  readonly text: string | null;
  /** Members of indexes that are there after it and were not, and the other way round. */
  readonly add: readonly IndexEntry[];
  readonly remove: readonly IndexEntry[];
}

/** The commit conflicts unless the document has this revision; `null`: unless there is none. */
export interface DocumentGuard extends DocumentKey {
  readonly expected: number | null;
}

/** `member`: printable ASCII, at most 400 characters; members sort by their bytes. */
export interface IndexEntry {
  readonly index: string;
  readonly member: string;
}

export interface StoredWorkflowChange {
  readonly kind: 'workflow';
  readonly name: string;
  /** What was read: the commit conflicts unless the store still holds exactly this. */
  readonly expected: StoredWorkflow;
  /** The head after it, in the order of the jobs; `null` removes the key. */
  readonly head: ReadonlyMap<string, string> | null;
  readonly ledger: string;
  readonly records: readonly RecordWrite[];
  /** What lists and the clock's watch need to find the workflow by. */
  readonly listing: WorkflowListing;
}

export interface WorkflowListing {
  readonly status: Status;
  readonly updatedAt: Instant;
  /** The latest `batch_start` in the head, or `null`: found by the watch when it lies ahead of the clock. */
  readonly latestStart: Instant | null;
}

export interface Operation {
  /** Unique per effect: a hash of caller and Idempotency-Key, or a fresh id. */
  readonly id: string;
  /** What was asked, hashed: the same id with another fingerprint is a client's mistake. */
  readonly fingerprint: string;
  /** The answer to replay; `null` for operations that nobody will ask for again by key. */
  readonly answer: StoredAnswer | null;
  /** How long the operation is remembered, in seconds. */
  readonly keepSeconds: number;
}

export interface StoredAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface StoredOperation {
  readonly id: string;
  readonly fingerprint: string;
  readonly answer: StoredAnswer | null;
}

export type CommitOutcome =
  | {
      readonly kind: 'committed';
      /** Sequence numbers of the journal entries, as they were given. */ readonly sequences: readonly number[];
    }
  /** Something that was read has changed since: load again and recompute. */
  | { readonly kind: 'conflict' }
  /** This operation was committed before; nothing was done now. */
  | { readonly kind: 'repeated'; readonly operation: StoredOperation };
