/**
 * What the service answers. Made from its OpenAPI document by scripts/generate-client.ts: change the routes' schemas, then run
 * that again. A test fails while this file differs.
 */

/** How a job, a batch or a workflow stands. */
export type Status = 'new' | 'open' | 'success' | 'failed';

/** How an execution, or a step of one, stands: Spring Batch’s `BatchStatus`. */
export type BatchStatus =
  | 'STARTING'
  | 'STARTED'
  | 'STOPPING'
  | 'STOPPED'
  | 'FAILED'
  | 'COMPLETED'
  | 'ABANDONED'
  | 'UNKNOWN';

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
  | 'missing-configuration'
  | 'never-opened'
  | 'not-found'
  | 'not-open'
  | 'not-recovered'
  | 'not-renderable'
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

/** One execution, with its parameters */
export interface Execution {
  id: number;
  job_instance_id: number;
  job_name: string;
  status: BatchStatus;
  create_time: string;
  start_time: string | null;
  end_time: string | null;
  last_updated: string;
  /** The status, unless a step or flow said otherwise */
  exit_code: string;
  /** The error’s text; its stack is in the log */
  exit_message: string;
  /** Every step runs afresh, whatever was completed before */
  forced: boolean;
  /** The batch that it has opened, of a job that is bound to a workflow */
  batch: {
    workflow: string;
    jobs: string[] | null;
    batch_id: number;
    from_date: string;
    to_date: string;
  } | null;
  /** Name of the API key */
  launched_by: string;
  /** How often another conductor went on with it */
  takeovers: number;
  stop_requested_by: string | null;
  /** What its steps receive, defaults and window filled in. Values of names that hold password, secret or token are masked as *** */
  parameters: Record<string, unknown>;
}

/** The job’s steps with what has become of each in this execution (null: it has not run in it), and what follows what */
export interface ExecutionGraph {
  job_execution_id: number;
  job_name: string;
  status: BatchStatus;
  nodes: {
    name: string;
    kind: 'task' | 'chunk' | 'shell' | 'http' | 'wait' | 'partition' | null;
    status: BatchStatus | null;
    exit_code: string | null;
    step_execution_id: number | null;
  }[];
  edges: {
    from: string;
    to: string | null;
    /** Pattern of exit codes; null: its success */
    on: string | null;
    /** How the execution ends, where it leads to no step */
    end: 'COMPLETED' | 'FAILED' | 'STOPPED' | null;
  }[];
}

/** One job instance */
export interface JobInstance {
  id: number;
  job_name: string;
  /** Hash of the name and the identifying parameters */
  job_key: string;
  create_time: string;
  last_execution_id: number | null;
}

/** The definition of a job, its graph, and its last execution */
export interface Job {
  name: string;
  description: string | null;
  /** From the folder of jobs */
  file: string;
  /** Whose window its launches load; may hold parameters, as orders-{{region}} does */
  workflow: string | null;
  workflow_jobs: string[] | null;
  /** The parameters that it declares */
  parameters: Record<
    string,
    {
      type: 'string' | 'integer' | 'float' | 'boolean' | 'date' | 'json' | null;
      default?: unknown;
      required: boolean;
      identifying: boolean;
      description: string | null;
    }
  >;
  /** Whether a launch may give others */
  additional_parameters: boolean;
  restartable: boolean;
  refuse_if_complete: boolean;
  new_instance_per_launch: boolean;
  max_concurrent: number | null;
  /** In seconds */
  timeout: number | null;
  on_failure: 'stop' | 'continue';
  on_owner_lost: 'resume' | 'fail';
  max_takeovers: number;
  graph: {
    nodes: {
      name: string;
      kind: 'task' | 'chunk' | 'shell' | 'http' | 'wait' | 'partition' | null;
      max_retries: number;
      /** In seconds */
      retry_delay: number;
      backoff: 'fixed' | 'exponential';
      timeout: number | null;
      allow_start_if_complete: boolean;
      start_limit: number | null;
    }[];
    edges: {
      from: string;
      to: string | null;
      /** Pattern of exit codes; null: its success */
      on: string | null;
      /** How the execution ends, where it leads to no step */
      end: 'COMPLETED' | 'FAILED' | 'STOPPED' | null;
    }[];
  };
  last_execution: {
    id: number;
    job_instance_id: number;
    job_name: string;
    status: BatchStatus;
    create_time: string;
    start_time: string | null;
    end_time: string | null;
    last_updated: string;
    /** The status, unless a step or flow said otherwise */
    exit_code: string;
    /** The error’s text; its stack is in the log */
    exit_message: string;
    /** Every step runs afresh, whatever was completed before */
    forced: boolean;
    /** The batch that it has opened, of a job that is bound to a workflow */
    batch: {
      workflow: string;
      jobs: string[] | null;
      batch_id: number;
      from_date: string;
      to_date: string;
    } | null;
    /** Name of the API key */
    launched_by: string;
    /** How often another conductor went on with it */
    takeovers: number;
    stop_requested_by: string | null;
  } | null;
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

export interface PlannedStep {
  step_name: string;
  action: 'skip' | 'run' | 'resume' | 'revert';
  why: string;
  /** Where a chunk step goes on; null: at its beginning */
  checkpoint: unknown;
}

/** It was accepted: how the execution stands now */
export interface Accepted {
  message: string;
  job_name: string;
  execution_id: number;
  job_instance_id: number;
  status: BatchStatus;
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

export interface ListedExecution {
  id: number;
  job_instance_id: number;
  job_name: string;
  status: BatchStatus;
  create_time: string;
  start_time: string | null;
  end_time: string | null;
  last_updated: string;
  /** The status, unless a step or flow said otherwise */
  exit_code: string;
  /** The error’s text; its stack is in the log */
  exit_message: string;
  /** Every step runs afresh, whatever was completed before */
  forced: boolean;
  /** The batch that it has opened, of a job that is bound to a workflow */
  batch: {
    workflow: string;
    jobs: string[] | null;
    batch_id: number;
    from_date: string;
    to_date: string;
  } | null;
  /** Name of the API key */
  launched_by: string;
  /** How often another conductor went on with it */
  takeovers: number;
  stop_requested_by: string | null;
}

export interface InstanceParameter {
  id: number;
  job_instance_id: number;
  key_name: string;
  type: 'string' | 'integer' | 'float' | 'boolean' | 'date' | 'null' | 'json';
  identifying: boolean;
  string_value: string | null;
  date_value: string | null;
  long_value: number | null;
  double_value: number | null;
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
    | 'step-changed';
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
    before: BatchStatus | null;
    after: BatchStatus;
  };
}

export interface SkippedItem {
  job_execution_id: number;
  step_name: string;
  /** Counted from 1 within the step’s execution */
  number: number;
  phase: 'read' | 'process' | 'write';
  /** null where it could not be read */
  item: unknown;
  position: string | null;
  error: string;
}

export interface StepExecution {
  id: number;
  job_execution_id: number;
  job_instance_id: number;
  /** Of a partitioned step’s parts `name:partitionN` */
  step_name: string;
  status: BatchStatus;
  start_time: string;
  end_time: string | null;
  exit_code: string;
  exit_message: string;
  retry_count: number;
  read_count: number;
  write_count: number;
  filter_count: number;
  commit_count: number;
  rollback_count: number;
  /** Sum of the three that follow */
  skip_count: number;
  read_skip_count: number;
  process_skip_count: number;
  write_skip_count: number;
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
