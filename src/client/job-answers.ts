/**
 * What the service answers of jobs. Made from its OpenAPI document by scripts/generate-client.ts: change the routes' schemas, then run
 * that again. A test fails while this file differs.
 */

import type { BatchStatus } from './execution-answers.ts';

/** The definition of a job, its graph, and its last execution */
export interface Job {
  name: string;
  description: string | null;
  /** What it is made of: steps, the tasks of a list, or tasks that can be reverted */
  kind: 'steps' | 'task-list' | 'flow';
  /** From the folder of jobs */
  file: string;
  /** Of the file as it counts now, in the process that runs jobs beside this service: the first 12 digits of the SHA-256 of its text or, where it imports other files, of the sorted digests of them all, one a line */
  version: string;
  /** When that process has read it */
  read_time: string;
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
  /** Executions at a time, those that wait among them: a further launch is refused */
  max_concurrent: number | null;
  /** Executions that run at a time, on all machines: further ones wait */
  max_running: number | null;
  /** In which its executions wait */
  queue: string;
  /** Of its executions, where their launch does not say */
  priority: 'very_high' | 'high' | 'normal' | 'low' | 'very_low';
  /** Steps or tasks of one execution at a time; null: as many as are ready */
  max_procs: number | null;
  /** In seconds */
  timeout: number | null;
  on_failure: 'stop' | 'continue';
  on_owner_lost: 'resume' | 'fail';
  max_takeovers: number;
  /** Empty of a flow: its tasks are made when an execution of it is picked up, and GET /executions/{id}/graph has them then */
  graph: {
    nodes: {
      name: string;
      kind: 'task' | 'chunk' | 'shell' | 'http' | 'wait' | 'partition' | 'worker' | null;
      /** Of a task of a list */
      task_id: number | null;
      max_retries: number;
      /** In seconds */
      retry_delay: number;
      backoff: 'fixed' | 'exponential';
      timeout: number | null;
      allow_start_if_complete: boolean;
      start_limit: number | null;
      /** It may run on another conductor than the rest of its execution */
      distributed: boolean;
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
  } | null;
}

/** The schedule; its ETag is in the header */
export interface Schedule {
  name: string;
  job: string;
  cron: string;
  zone: string;
  /** What becomes of firings for which no server was up within a minute: none is launched, or the last of them, or all, oldest first, each when the execution of the one before has ended */
  catchup: 'none' | 'last' | 'all';
  /** Secrets are masked */
  parameters: Record<string, unknown>;
  priority: 'very_high' | 'high' | 'normal' | 'low' | 'very_low' | null;
  paused: boolean;
  created_time: string;
  /** Name of the API key */
  created_by: string;
  /** The firing that was handled last, and what became of it */
  last: {
    /** When it was due, UTC */
    scheduled_for: string;
    handled_time: string;
    /** The oldest of the firings directly before it that were missed and left out */
    left_out_since: string | null;
    outcome: 'launched' | 'refused' | 'left-out';
    /** Of the execution that it launched */
    execution_id: number | null;
    /** Why the launch was refused: the problem’s type */
    code: string | null;
    detail: string | null;
  } | null;
  /** The firing that comes next, UTC; null while it is paused */
  next: string | null;
  /** The next five firings, UTC; none while it is paused */
  upcoming: string[];
}

/** It was accepted: how the execution stands now */
export interface Accepted {
  message: string;
  job_name: string;
  execution_id: number;
  job_instance_id: number;
  status: BatchStatus;
}

export interface ListedSchedule {
  name: string;
  job: string;
  cron: string;
  zone: string;
  /** What becomes of firings for which no server was up within a minute: none is launched, or the last of them, or all, oldest first, each when the execution of the one before has ended */
  catchup: 'none' | 'last' | 'all';
  /** Secrets are masked */
  parameters: Record<string, unknown>;
  priority: 'very_high' | 'high' | 'normal' | 'low' | 'very_low' | null;
  paused: boolean;
  created_time: string;
  /** Name of the API key */
  created_by: string;
  /** The firing that was handled last, and what became of it */
  last: {
    /** When it was due, UTC */
    scheduled_for: string;
    handled_time: string;
    /** The oldest of the firings directly before it that were missed and left out */
    left_out_since: string | null;
    outcome: 'launched' | 'refused' | 'left-out';
    /** Of the execution that it launched */
    execution_id: number | null;
    /** Why the launch was refused: the problem’s type */
    code: string | null;
    detail: string | null;
  } | null;
  /** The firing that comes next, UTC; null while it is paused */
  next: string | null;
}
