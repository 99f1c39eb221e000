import type { BatchRecord, CoveredWindow, JobMaps, RecordKind } from '../domain/change.ts';
import type { Instant } from '../domain/time.ts';
import type { Status } from '../domain/transitions.ts';
import type { StoredWorkflow } from '../domain/workflow.ts';
import type { StoredOperation } from './store.ts';

/** Reads of batch state. None changes anything, none costs more as the history grows. */
export interface BatchReader {
  /**
   * A workflow as stored, together with the store's clock, in one round trip. Nothing in it began after that `now`, as far
   * as clocks agree: the clock is read last.
   * @throws BatchyError `foreign-data` when the key is not a hash, `store-unavailable`
   */
  load(workflow: string): Promise<LoadedWorkflow>;
  /**
   * What is likely to be stored still, because this process wrote it last, and a time that the store's clock has reached
   * since; or `null`, always where reading is cheap. Good for computing a change, whose commit compares; never for an answer.
   */
  recall(workflow: string): Promise<LoadedWorkflow | null>;
  /** As `load`, without the clock: the cheapest read there is, for asking a status. */
  peek(workflow: string): Promise<StoredWorkflow>;
  /** A batch's record, or `null`. `id` is a batch id or `<epoch>-init`. */
  record(workflow: string, id: string): Promise<BatchRecord | null>;
  /** The copy of a batch as other programs read it; `null` when there is none or it is no batch's. */
  copy(workflow: string, id: string): Promise<JobMaps | null>;
  /** Records of a workflow, newest first, from behind the cursor. */
  records(workflow: string, page: RecordPage): Promise<BatchRecord[]>;
  /** Windows of a job that end after `after`, by their end; at most `limit`. */
  windows(workflow: string, job: string, page: WindowPage): Promise<CoveredWindow[]>;
  /** Workflows that exist, ordered and filtered by the index. */
  workflows(page: WorkflowPage): Promise<ListedWorkflow[]>;
  /** Names of workflows whose listing says a start later than `instant`; at most `limit`. */
  startedAfter(instant: Instant, limit: number): Promise<string[]>;
  operation(id: string): Promise<StoredOperation | null>;
}

export interface LoadedWorkflow extends StoredWorkflow {
  readonly now: Instant;
}

/** Where a page of records ends: the number and id of its last record. */
export interface RecordCursor {
  readonly number: number;
  readonly id: string;
}

export interface RecordPage {
  readonly before: RecordCursor | null;
  readonly limit: number;
  /** Leave out records of other kinds; all when empty. */
  readonly kinds: readonly RecordKind[];
}

export interface WindowPage {
  /** Only windows whose end is later than this instant, or equal and of a greater batch. */
  readonly after: { readonly until: Instant; readonly batchId: number } | null;
  readonly limit: number;
}

export interface WorkflowPage {
  readonly sort: 'name' | 'updated_at';
  readonly descending: boolean;
  /** Only workflows of this status, or `null`. */
  readonly status: Status | null;
  /** Only names that begin so; `''` for all. */
  readonly prefix: string;
  /** The last workflow of the page before, or `null`. */
  readonly after: { readonly name: string; readonly updatedAt: Instant } | null;
  readonly limit: number;
}

export interface ListedWorkflow {
  readonly name: string;
  readonly status: Status;
  readonly updatedAt: Instant;
}
