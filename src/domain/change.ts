import type { BatchStatus } from './execution.ts';
import type { TaskStatus } from './flow-state.ts';
import type { Parameters } from './special-parameters.ts';
import type { Instant } from './time.ts';
import type { Status } from './transitions.ts';
import type { Workflow } from './workflow.ts';

/**
 * What one transition does to a workflow: the next state and all that must be stored together with it. A service turns it
 * into one commit; nothing of it is ever written alone.
 */
export interface WorkflowChange {
  readonly name: string;
  /** The state after it. */
  readonly next: Workflow;
  /** The head goes and only the ledger stays, so that batch ids go on growing should the name come back. */
  readonly deleted: boolean;
  readonly records: readonly RecordWrite[];
  readonly journal: readonly JournalEntry[];
}

export const recordKinds = ['batch', 'backfill', 'init', 'foreign'] as const;
/** `batch`: opened here. `backfill`: over a window of the past. `init`: a configuration was loaded. `foreign`: another program's. */
export type RecordKind = (typeof recordKinds)[number];

/** What is known of a batch as a whole; written once. */
export interface RecordOpening {
  readonly kind: RecordKind;
  readonly number: number;
  readonly openedAt: Instant;
  readonly openedBy: string;
  /**
   * The execution that opened it: it owns the batch as long as that is open, and has loaded it where that succeeds. Left out where
   * it was none.
   */
  readonly owner?: string;
}

/** What became of one job in a batch. */
export interface RecordJob {
  readonly status: Status;
  readonly fromDate: Instant | null;
  readonly until: Instant | null;
  readonly batchStart: Instant | null;
  readonly batchEnd: Instant | null;
  readonly reason: string | null;
  readonly endedBy: string | null;
}

export interface RecordWrite {
  /** Batch id, or `<epoch>-init`: with the workflow's name the key of the copy that other programs read. */
  readonly id: string;
  /** Written when the record does not exist yet. */
  readonly opening: RecordOpening;
  /** The jobs whose part of the record changes: the outcome for us, the map for readers of the copy. */
  readonly jobs: ReadonlyMap<string, RecordJobWrite>;
  readonly only: WriteOnly;
}

/**
 * Whether a record that is there is written to: `absent` never; `foreign` only one of another program's batch, which may have an
 * id of ours: what becomes of it must not be taken for what became of our batch.
 */
export type WriteOnly = 'always' | 'absent' | 'foreign';

/** Whether a write is to be left out. @param stored the kind of the record that is there, or `null` */
export function isLeftOut(only: WriteOnly, stored: RecordKind | null): boolean {
  return stored !== null && (only === 'absent' || (only === 'foreign' && stored !== 'foreign'));
}

export interface RecordJobWrite {
  readonly outcome: RecordJob;
  /** The job's map for the copy; `null` leaves the copy alone. */
  readonly copy: Parameters | null;
}

/** A batch's record as read back. */
export interface BatchRecord {
  readonly id: string;
  readonly opening: RecordOpening;
  readonly jobs: ReadonlyMap<string, RecordJob>;
}

export const journalTypes = [
  'configuration-loaded',
  'batch-opened',
  'batch-closed',
  'batch-failed',
  'backfill-opened',
  'backfill-closed',
  'backfill-failed',
  'job-edited',
  'workflow-deleted',
  'workflow-adopted',
  'clock-skew-noticed',
  'execution-changed',
  'step-changed',
  'schedule-changed',
  'firing-not-launched',
  'queue-changed',
] as const;
export type JournalType = (typeof journalTypes)[number];

/** What, when, who, why, window before → after. */
export interface JournalEntry {
  readonly type: JournalType;
  /** `null`: of an execution that is bound to none. */
  readonly workflow: string | null;
  readonly at: Instant;
  readonly by: string;
  readonly reason: string | null;
  readonly batchId: number | null;
  readonly jobs: readonly JournalJob[];
  /** Of what became of an execution, or of a step of it. */
  readonly execution?: JournalExecution;
}

export interface JournalExecution {
  readonly id: number;
  readonly jobName: string;
  readonly stepName: string | null;
  /** Of a task of a reversible flow: its own states. */
  readonly before: BatchStatus | TaskStatus | null;
  readonly after: BatchStatus | TaskStatus;
}

export interface JournalJob {
  readonly job: string;
  readonly before: JournalWindow | null;
  readonly after: JournalWindow | null;
  /** Names of the user's parameters that changed; never their values, which may be secrets. */
  readonly changed?: readonly string[];
}

export interface JournalWindow {
  readonly status: Status;
  readonly batchId: number | null;
  readonly fromDate: Instant | null;
  readonly until: Instant | null;
}

/** What a caller reads of a stored window. */
export interface CoveredWindow {
  readonly job: string;
  readonly batchId: number;
  readonly from: Instant;
  readonly until: Instant;
}

export type JobMaps = ReadonlyMap<string, Parameters>;

/** The window that this outcome proves loaded, or `null`. The coverage is made of these. */
export function provenWindow(
  kind: RecordKind,
  outcome: RecordJob,
): { readonly from: Instant; readonly until: Instant } | null {
  if (kind === 'init' || outcome.status !== 'success' || outcome.fromDate === null || outcome.until === null)
    return null;
  return outcome.fromDate < outcome.until ? { from: outcome.fromDate, until: outcome.until } : null;
}
