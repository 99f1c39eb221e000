/**
 * What the service answers. Made from its OpenAPI document by scripts/generate-client.ts: change the routes' schemas, then run
 * that again. A test fails while this file differs.
 */

/** How a job, a batch or a workflow stands. */
export type Status = 'new' | 'open' | 'success' | 'failed';

/** Job → its parameters, special ones and your own. */
export type JobMaps = Record<string, Record<string, unknown>>;

/** The problems that the operations name: the last part of `type`. */
export type ProblemCode =
  | 'abandoned'
  | 'already-complete'
  | 'already-running'
  | 'ambiguous'
  | 'batch-open'
  | 'clock-skew'
  | 'contention'
  | 'cross-site-refused'
  | 'empty-window'
  | 'fence-required'
  | 'forbidden'
  | 'foreign-data'
  | 'idempotency-mismatch'
  | 'illegal-transition'
  | 'internal'
  | 'invalid-body'
  | 'invalid-configuration'
  | 'invalid-id'
  | 'invalid-job'
  | 'invalid-name'
  | 'invalid-parameters'
  | 'invalid-request'
  | 'invalid-schedule'
  | 'jobs-not-ready'
  | 'missing-configuration'
  | 'never-opened'
  | 'not-found'
  | 'not-open'
  | 'not-recovered'
  | 'not-renderable'
  | 'not-replayable'
  | 'not-restartable'
  | 'overloaded'
  | 'override-required'
  | 'owned'
  | 'precondition-failed'
  | 'precondition-required'
  | 'prefetch-refused'
  | 'rate-limited'
  | 'stale-batch'
  | 'start-limit'
  | 'store-full'
  | 'store-unavailable'
  | 'too-many-running'
  | 'unauthenticated'
  | 'unknown-batch'
  | 'unknown-execution'
  | 'unknown-format'
  | 'unknown-instance'
  | 'unknown-job'
  | 'unknown-job-definition'
  | 'unknown-profile'
  | 'unknown-queue'
  | 'unknown-schedule'
  | 'unknown-step'
  | 'unknown-workflow'
  | 'unreadable-parameter'
  | 'watermark-forward'
  | 'window-superseded';

/** One batch, with its parameters */
export interface Batch {
  /** The batch’s number; of an init record, the epoch second of the load */
  batch_id: number;
  /** What the record is found by: the batch_id, or <epoch>-init */
  id: string;
  /** batch: opened here; backfill: over a window of the past; init: a configuration was loaded; foreign: opened by another program */
  kind: 'batch' | 'backfill' | 'init' | 'foreign';
  status: Status;
  opened_at: string;
  /** Name of the API key */
  opened_by: string;
  jobs: Record<
    string,
    {
      status: Status;
      from_date: string | null;
      until: string | null;
      batch_start: string | null;
      batch_end: string | null;
      reason: string | null;
      ended_by: string | null;
    }
  >;
  /** The jobs’ parameters in that batch. Values of names that hold password, secret or token are masked as *** */
  parameters: JobMaps;
}

/** Which windows succeeded; gaps and overlaps */
export interface Coverage {
  workflow: string;
  /** There are more windows than the limit: go on with from = the last window’s until */
  truncated: boolean;
  jobs: {
    job: string;
    /** What succeeded, by which batch: [from, until) */
    windows: {
      batch_id: number;
      from: string;
      until: string;
    }[];
    /** What no batch has loaded, between the first window and the last */
    gaps: {
      from: string;
      until: string;
    }[];
    /** What two batches loaded */
    overlaps: {
      from: string;
      until: string;
      batch_ids: number[];
    }[];
  }[];
}

export interface Readiness {
  status: 'ok' | 'unavailable';
  /** ok, or what is wrong */
  store: string;
  /** What an operator should mend */
  warnings: string[];
}

export interface Workflow {
  name: string;
  status: Status;
  /** For If-Match of an edit */
  etag: string;
  jobs: Record<
    string,
    {
      status: Status;
      batch_id: number | null;
      from_date: string | null;
      /** Exclusive end of the window of the current batch */
      until: string | null;
      clock_skew_noticed_at: string | null;
      owner: string | null;
      /** What in the stored parameters cannot be read */
      problem: string | null;
    }
  >;
}

export interface ListedBatch {
  /** The batch’s number; of an init record, the epoch second of the load */
  batch_id: number;
  /** What the record is found by: the batch_id, or <epoch>-init */
  id: string;
  /** batch: opened here; backfill: over a window of the past; init: a configuration was loaded; foreign: opened by another program */
  kind: 'batch' | 'backfill' | 'init' | 'foreign';
  status: Status;
  opened_at: string;
  /** Name of the API key */
  opened_by: string;
  jobs: Record<
    string,
    {
      status: Status;
      from_date: string | null;
      until: string | null;
      batch_start: string | null;
      batch_end: string | null;
      reason: string | null;
      ended_by: string | null;
    }
  >;
}

export interface JournalEntry {
  /** Grows with each entry; gaps mean nothing */
  sequence: number;
  type:
    | 'configuration-loaded'
    | 'batch-opened'
    | 'batch-closed'
    | 'batch-failed'
    | 'backfill-opened'
    | 'backfill-closed'
    | 'backfill-failed'
    | 'job-edited'
    | 'workflow-deleted'
    | 'workflow-adopted'
    | 'clock-skew-noticed'
    | 'execution-changed'
    | 'step-changed'
    | 'schedule-changed'
    | 'firing-not-launched'
    | 'queue-changed';
  /** null: of an execution that is bound to none */
  workflow: string | null;
  at: string;
  /** Name of the API key */
  by: string;
  reason: string | null;
  batch_id: number | null;
  jobs: {
    job: string;
    before: {
      status: Status;
      batch_id: number | null;
      from_date: string | null;
      until: string | null;
    } | null;
    after: {
      status: Status;
      batch_id: number | null;
      from_date: string | null;
      until: string | null;
    } | null;
    /** Names of your parameters that changed; never their values */
    changed?: string[];
  }[];
  /** What became of an execution, or, with a step_name, of a step of it */
  execution?: {
    id: number;
    job_name: string;
    step_name: string | null;
    before:
      | 'STARTING'
      | 'STARTED'
      | 'STOPPING'
      | 'STOPPED'
      | 'FAILED'
      | 'REVERTED'
      | 'COMPLETED'
      | 'ABANDONED'
      | 'UNKNOWN'
      | 'PENDING'
      | 'RUNNING'
      | 'SUCCESS'
      | 'FAILURE'
      | 'REVERTING'
      | 'REVERT_FAILURE'
      | null;
    /** A task of a reversible flow has states of its own: PENDING, RUNNING, SUCCESS, … */
    after:
      | 'STARTING'
      | 'STARTED'
      | 'STOPPING'
      | 'STOPPED'
      | 'FAILED'
      | 'REVERTED'
      | 'COMPLETED'
      | 'ABANDONED'
      | 'UNKNOWN'
      | 'PENDING'
      | 'RUNNING'
      | 'SUCCESS'
      | 'FAILURE'
      | 'REVERTING'
      | 'REVERT_FAILURE';
  };
}

export interface ListedWorkflow {
  name: string;
  status: Status;
  updated_at: string;
}

export interface Preview {
  workflow: string;
  as_of: string;
  batch_id: number | null;
  jobs: {
    job: string;
    from_date: string | null;
    until: string | null;
    /** Which rule gave from_date: after-success, same-window-again, initial-date */
    rule: string | null;
    refused: {
      code: string;
      detail: string;
    } | null;
  }[];
}

/** Whether the workflow is ready, and why not yet */
export interface Waited {
  workflow: string;
  /** Whether every job’s success lies on the day */
  ready: boolean;
  /** The business day that was asked for */
  date: string;
  as_of: string;
  jobs: {
    job: string;
    ready: boolean;
    status: Status;
    since: string | null;
    last_success: string | null;
    /** Median of its recent successful runs */
    median_duration_seconds: number | null;
    /** Why not yet; null when ready */
    why: string | null;
  }[];
}
