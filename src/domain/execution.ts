import type { Json } from './json.ts';
import type { ParameterType } from './job.ts';
import type { Instant } from './time.ts';

/** Spring Batch's `BatchStatus`. What may follow what: `execution-transitions.ts`. */
export const batchStatuses = [
  'STARTING',
  'STARTED',
  'STOPPING',
  'STOPPED',
  'FAILED',
  'COMPLETED',
  'ABANDONED',
  'UNKNOWN',
] as const;
export type BatchStatus = (typeof batchStatuses)[number];

/** A parameter as it was given, numbers exact. Its type is part of it: `1`, `1.0`, `"1"` and `true` differ. */
export interface JobParameter {
  readonly type: ParameterType;
  readonly value: Json;
  readonly identifying: boolean;
}

export type JobParameters = ReadonlyMap<string, JobParameter>;

/** A job's name with its identifying parameters. */
export interface JobInstance {
  readonly id: number;
  readonly jobName: string;
  /** Hash of `canonicalIdentity`, by which it is found. */
  readonly key: string;
  readonly parameters: JobParameters;
  readonly createdAt: Instant;
  /** Its executions so far, oldest first, and whether each was abandoned is told by their status. */
  readonly lastExecutionId: number | null;
  /**
   * Of every step that ever ran in it: its latest step execution, from which a restart is planned without reading history,
   * and how often it was started.
   */
  readonly steps: ReadonlyMap<string, LatestStep>;
}

export interface LatestStep {
  readonly stepExecutionId: number;
  readonly executionId: number;
  readonly status: BatchStatus;
  readonly starts: number;
}

/** One attempt at an instance. */
export interface JobExecution {
  readonly id: number;
  readonly instanceId: number;
  readonly jobName: string;
  readonly status: BatchStatus;
  readonly exitCode: string;
  readonly exitMessage: string;
  readonly createdAt: Instant;
  readonly startedAt: Instant | null;
  readonly endedAt: Instant | null;
  readonly updatedAt: Instant;
  /** All of them, identifying or not, with defaults and the window filled in: what steps receive. */
  readonly parameters: JobParameters;
  /** Every step runs afresh, whatever was completed before. */
  readonly forced: boolean;
  /** The open batch that it owns, or `null`. */
  readonly batch: OwnedBatch | null;
  readonly launchedBy: string;
  /** How often another conductor went on with it. */
  readonly takeovers: number;
  /** Somebody asked it to stop: why the status is STOPPING. */
  readonly stopRequestedBy: string | null;
  /**
   * The execution that was its instance's last when this one was launched; absent for the first. Ids do not tell: two services may
   * store theirs in another order than they took them.
   */
  readonly previousId?: number;
}

export interface OwnedBatch {
  readonly workflow: string;
  /** Of the workflow; `null` for all. */
  readonly jobs: readonly string[] | null;
  readonly batchId: number;
  /** Over a window that the launch named: it moves no watermark. */
  readonly backfill: boolean;
  /** The window told to the job. */
  readonly from: Instant;
  readonly until: Instant;
}

/** One attempt at a step within an execution. */
export interface StepExecution {
  readonly id: number;
  readonly executionId: number;
  readonly instanceId: number;
  /** `name`, or `name:partitionN`. */
  readonly stepName: string;
  readonly status: BatchStatus;
  readonly exitCode: string;
  readonly exitMessage: string;
  readonly startedAt: Instant;
  readonly endedAt: Instant | null;
  readonly counters: StepCounters;
  /** Where a restart goes on; `null`: at the beginning. */
  readonly checkpoint: Json;
}

export interface StepCounters {
  readonly read: number;
  readonly write: number;
  readonly filter: number;
  readonly commit: number;
  readonly rollback: number;
  readonly readSkip: number;
  readonly processSkip: number;
  readonly writeSkip: number;
  readonly retry: number;
}

export const noCounters: StepCounters = {
  read: 0,
  write: 0,
  filter: 0,
  commit: 0,
  rollback: 0,
  readSkip: 0,
  processSkip: 0,
  writeSkip: 0,
  retry: 0,
};

/** An item that a chunk step left out, kept so that somebody can look at it and run it alone. */
export interface SkippedItem {
  readonly executionId: number;
  readonly stepName: string;
  /** Counted from 1 within the step execution. */
  readonly number: number;
  readonly phase: 'read' | 'process' | 'write';
  /** As JSON, or `null` where it could not be read. */
  readonly item: Json;
  /** The reader's position, such as a line, or `null`. */
  readonly position: string | null;
  readonly error: string;
}
