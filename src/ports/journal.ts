import type { JournalEntry } from '../domain/change.ts';
import type { BatchStatus } from '../domain/execution.ts';

/** What happened, in the order of its commits. Written only by `Store.commit`. */
export interface Journal {
  /** Entries with a sequence number greater than `after` (or, descending, less than `before`); at most `limit`. */
  read(page: JournalPage): Promise<JournaledEntry[]>;
  /** What executions became in the entries beyond a sequence number, at most `limit` of them: all that a conductor needs of them. */
  executionStatuses(beyond: number, limit: number): Promise<ExecutionStatuses>;
  /** The least and the greatest sequence number kept; zeros when the journal is empty. */
  bounds(): Promise<{ first: number; last: number }>;
  /**
   * Calls `onChange` soon after commits of any process (at least once for a burst of them), until the returned function is called.
   * It tells that there may be something to read, not what.
   */
  subscribe(onChange: () => void): () => void;
}

export interface ExecutionStatuses {
  /** The sequence number of the last entry that was looked at. */
  readonly last: number;
  /** Whether there may be more beyond it. */
  readonly isMore: boolean;
  readonly statuses: ReadonlySet<BatchStatus>;
  /** Whether a part of one was offered to other conductors. */
  readonly offersParts: boolean;
}

export interface JournalPage {
  /** Only this workflow's entries, or `null` for all. */
  readonly workflow: string | null;
  readonly direction: 'ascending' | 'descending';
  /** The sequence number beyond which to read; `null` for the beginning (or, descending, the end). */
  readonly beyond: number | null;
  readonly limit: number;
}

export interface JournaledEntry {
  /** Grows by at least one with each entry; gaps mean nothing. */
  readonly sequence: number;
  readonly entry: JournalEntry;
}
