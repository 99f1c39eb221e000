/**
 * What the service answers of executions. Made from its OpenAPI document by scripts/generate-client.ts: change the routes' schemas, then run
 * that again. A test fails while this file differs.
 */

/** How an execution, or a step of one, stands: Spring Batch’s `BatchStatus`. */
export type BatchStatus =
  | 'STARTING'
  | 'STARTED'
  | 'STOPPING'
  | 'STOPPED'
  | 'FAILED'
  | 'REVERTED'
  | 'COMPLETED'
  | 'ABANDONED'
  | 'UNKNOWN';

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
  /** Steps that the launch left out; absent where it left out none */
  deselected?: string[];
  /** Of an execution that replays items: which ones */
  replay: {
    /** The execution that left the items out */
    job_execution_id: number;
    step_name: string;
  } | null;
  /** The batch that it has opened, of a job that is bound to a workflow */
  batch: {
    workflow: string;
    jobs: string[] | null;
    batch_id: number;
    /** Over a window that the launch named: it moves no watermark */
    backfill: boolean;
    from_date: string;
    to_date: string;
  } | null;
  /** Name of the API key */
  launched_by: string;
  /** How often another conductor went on with it */
  takeovers: number;
  stop_requested_by: string | null;
  /** Where it waits for a conductor; absent: in the queue `default` */
  queue?: string;
  /** In which order it does; absent: normal */
  priority?: 'very_high' | 'high' | 'normal' | 'low' | 'very_low';
  /** It is not begun before; absent: at once */
  not_before?: string;
  /** What it waits for: a conductor that has what it needs, its time, a place that its job or queue limits, the end of a pause; or why nobody here could go on with it if its owner were gone: its job’s file is missing or broken. null: nothing is awaited */
  awaits: string | null;
  /** What its steps receive, defaults and window filled in. Values of names that hold password, secret or token are masked as *** */
  parameters: Record<string, unknown>;
}

/** The job’s steps with what has become of each in this execution (null: it has not run in it), and what follows what. Of a flow its tasks and the flows within it, as they were made when it was picked up; none before that */
export interface ExecutionGraph {
  job_execution_id: number;
  job_name: string;
  status: BatchStatus;
  nodes: {
    name: string;
    kind:
      | 'task'
      | 'chunk'
      | 'shell'
      | 'http'
      | 'wait'
      | 'partition'
      | 'worker'
      | 'linear'
      | 'unordered'
      | 'graph'
      | null;
    status: BatchStatus | null;
    exit_code: string | null;
    step_execution_id: number | null;
    /** Who runs it, where it may run on another conductor than the rest of the execution */
    conductor?: string;
    /** Of a task list: the task, and what has become of it in this execution and those it restarts */
    task: {
      id: number;
      /** PyRunner’s: pending, running, completed, failed, defaulted, not run (left out by the launch), aborted */
      letter: 'P' | 'R' | 'C' | 'F' | 'D' | 'N' | 'A';
    } | null;
    /** Of a flow: the flow within it that the node stands in; null: it is the outermost */
    scope?: string | null;
    /** Of a flow: the kind of its retry controller, such as times; null: it has none, or is a task */
    retry?: string | null;
    /** Of a task of a flow: it can be undone */
    has_revert?: boolean;
    /** Of a task of a flow: what it is in this execution, be it by one that this restarts; null: it is a flow, or was gone on with since */
    task_state?: 'PENDING' | 'RUNNING' | 'SUCCESS' | 'FAILURE' | 'REVERTING' | 'REVERTED' | 'REVERT_FAILURE' | null;
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

export interface PlannedStep {
  step_name: string;
  action: 'skip' | 'run' | 'resume' | 'revert';
  why: string;
  /** It runs only if the steps before it lead to it */
  conditional: boolean;
  /** Its startLimit is reached: it may not run again */
  over_limit: boolean;
  /** Where a chunk step goes on; null: at its beginning */
  checkpoint: unknown;
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
  /** Steps that the launch left out; absent where it left out none */
  deselected?: string[];
  /** Of an execution that replays items: which ones */
  replay: {
    /** The execution that left the items out */
    job_execution_id: number;
    step_name: string;
  } | null;
  /** The batch that it has opened, of a job that is bound to a workflow */
  batch: {
    workflow: string;
    jobs: string[] | null;
    batch_id: number;
    /** Over a window that the launch named: it moves no watermark */
    backfill: boolean;
    from_date: string;
    to_date: string;
  } | null;
  /** Name of the API key */
  launched_by: string;
  /** How often another conductor went on with it */
  takeovers: number;
  stop_requested_by: string | null;
  /** Where it waits for a conductor; absent: in the queue `default` */
  queue?: string;
  /** In which order it does; absent: normal */
  priority?: 'very_high' | 'high' | 'normal' | 'low' | 'very_low';
  /** It is not begun before; absent: at once */
  not_before?: string;
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

export interface SkippedItem {
  job_execution_id: number;
  step_name: string;
  /** Counted from 1 within the step’s execution */
  number: number;
  phase: 'read' | 'process' | 'write';
  /** As the reader gave it; what JSON has no value for appears as text. null where it could not be read */
  item: unknown;
  /** What the processor had made of it, where the writer refused that; else null */
  output: unknown;
  position: string | null;
  /** Of the last attempt */
  error: string;
  /** Why it cannot be replayed, or null */
  obstacle: string | null;
  /** The execution that was the last to replay it in vain, or null */
  tried_by: number | null;
  /** The execution that has carried it through, or null */
  replayed_by: number | null;
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
  /** Who runs it, where it may run on another conductor than the rest of the execution */
  conductor?: string;
  /** Of a task of a reversible flow: whether it was run or reverted */
  phase?: 'execute' | 'revert';
  /** Of a task of a reversible flow: what it was left as; that of its latest row is where it is */
  task_state?: 'PENDING' | 'RUNNING' | 'SUCCESS' | 'FAILURE' | 'REVERTING' | 'REVERTED' | 'REVERT_FAILURE';
}

/** It was accepted: the execution that replays, and what it does not */
export interface AcceptedReplay {
  message: string;
  job_name: string;
  execution_id: number;
  job_instance_id: number;
  status: BatchStatus;
  /** Items that it runs; at most 100000 are counted */
  items: number;
  /** Items of the step that no replay can run */
  left_out: {
    /** At most 100000 are counted */
    count: number;
    /** Each once */
    reasons: string[];
  };
}
