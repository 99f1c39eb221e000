import type { TaskState } from './flow-state.ts';
import type { Json } from './json.ts';
import type { ParameterType } from './job.ts';
import type { Priority } from './priority.ts';
import type { Instant } from './time.ts';

/**
 * Spring Batch's `BatchStatus`, and REVERTED: an execution of a reversible flow that has failed and undone what it did. What may
 * follow what: `execution-transitions.ts`.
 */
export const batchStatuses = [
  'STARTING',
  'STARTED',
  'STOPPING',
  'STOPPED',
  'FAILED',
  'REVERTED',
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
  /** The last execution that replays items which this instance left out (`replay.ts`); absent where there was none. */
  readonly lastReplayId?: number;
  /**
   * Of every step that ran in an execution of it that has ended: its latest step execution, from which a restart is planned
   * without reading history, and how often it was started (`latest-steps.ts`).
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
  /** Steps that its launch left out, as those of the instance after it do; absent where it left out none. */
  readonly deselected?: readonly string[];
  /** Ids of step executions that have failed and that somebody had tried again while it ran; absent where nobody had. */
  readonly revived?: readonly number[];
  /** The open batch that it owns, or `null`. */
  readonly batch: OwnedBatch | null;
  readonly launchedBy: string;
  /** How often another conductor went on with it, unless another execution's code had ended its process. */
  readonly takeovers: number;
  /** Somebody asked it to stop: why the status is STOPPING. */
  readonly stopRequestedBy: string | null;
  /**
   * The execution that was its instance's last when this one was launched; absent for the first. Ids do not tell: two services may
   * store theirs in another order than they took them.
   */
  readonly previousId?: number;
  /** Where it waits for a conductor; absent: in the usual queue. */
  readonly queue?: string;
  /** Absent: the usual one. */
  readonly priority?: Priority;
  /** It may not be begun before; absent: at once. */
  readonly notBefore?: Instant;
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
  /** Where the step is a task of a reversible flow. */
  readonly flow?: FlowStep;
}

/** One run of a task of a reversible flow, forwards or backwards, and where the task is by it: the latest row of a task tells. */
export interface FlowStep {
  readonly phase: 'execute' | 'revert';
  /** `null`: PENDING again, since its scope is tried again. Nothing of it is ever stored as lost. */
  readonly task: TaskState | null;
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

/** An item that a chunk step left out, kept so that somebody can look at it and have it run alone. */
export interface SkippedItem {
  readonly executionId: number;
  readonly stepName: string;
  /** Counted from 1 within the step execution. */
  readonly number: number;
  readonly phase: 'read' | 'process' | 'write';
  /**
   * As the reader gave it, which is what a replay begins with; what JSON has no value for appears as text. Where it could not be
   * read: as much of it as is known, or `null`.
   */
  readonly item: Json;
  /** Places in `item` that are something else than they appear as. */
  readonly types: readonly TypedPlace[];
  /** What the processor had made of it, for people to look at, where the writer refused that; else `null`. */
  readonly output: Json;
  /** Why it cannot be replayed, or `null`. */
  readonly obstacle: string | null;
  /** The reader's position, such as a line, or `null`. */
  readonly position: string | null;
  /** Of the last attempt. */
  readonly error: string;
  /** The execution that was the last to replay it in vain, or `null`. */
  readonly triedBy: number | null;
  /** The execution that has carried it through, or `null`. */
  readonly replayedBy: number | null;
}

/** What JSON has no value for. `bare`: an object without a prototype. `number`: NaN, an infinity, or -0. */
export const keptTypes = ['bigint', 'date', 'buffer', 'bytes', 'undefined', 'number', 'bare'] as const;
export type KeptType = (typeof keptTypes)[number];

export interface TypedPlace {
  /** Keys and indexes from the item inwards; `[]` is the item itself. */
  readonly path: readonly (string | number)[];
  readonly type: KeptType;
}
