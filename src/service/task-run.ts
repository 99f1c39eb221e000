import type { BatchStatus } from '../domain/execution.ts';
import type { Json } from '../domain/json.ts';
import type { TaskList } from '../domain/task-list.ts';
import type { TaskState } from './task-states.ts';

/** An application of PyRunner's kind: its list, and what its profile and its place say. */
export interface TaskApp {
  readonly list: TaskList;
  /** Of the list. */
  readonly file: string;
  /** By which the job is called. */
  readonly name: string;
  readonly rootFolder: string;
  readonly logFolder: string;
  /** The whole path of a log that the list names. */
  readonly logFile: (name: string) => string;
  /** Where modules are looked for, in this order. */
  readonly workerFolders: readonly string[];
  /** Tasks at a time. */
  readonly maxProcs: number;
  /** After which a run and its logs are forgotten; `null`: the service's own default. */
  readonly retentionDays: number | null;
  /** A URL that is told when a run has ended; `null`: none is. */
  readonly webhook: string | null;
  /** Of the profile and the place of the list: set for every task. */
  readonly environment: Readonly<Record<string, string>>;
}

/** A run of a task list, in one process and without a server. */
export interface TaskRun extends Omit<TaskApp, 'rootFolder'> {
  /** Goes on with the last run, where that is not complete. */
  readonly restart: boolean;
  /** Names of tasks; a restart leaves out what the run before it did. */
  readonly deselected: readonly string[];
  /** Values put into the tasks' context. */
  readonly context: ReadonlyMap<string, Json>;
  /** Names of this process's variables that tasks are given, too. */
  readonly passEnvironment: readonly string[];
  readonly workingDirectory: string;
  /** Of its state. */
  readonly dataFolder: string;
  /** Told once a second. */
  readonly onProgress: (tasks: readonly TaskState[]) => void;
  readonly onProblem: (error: unknown) => void;
  /** Ends what runs, and starts nothing more. */
  readonly aborted: AbortSignal;
}

export type TaskRunEnd =
  | { readonly kind: 'already-running' }
  /** A restart of what is complete. */
  | { readonly kind: 'nothing-left'; readonly executionId: number }
  | {
      readonly kind: 'ended';
      readonly executionId: number;
      readonly status: BatchStatus;
      readonly exitMessage: string;
      readonly tasks: readonly TaskState[];
      /** Of the logs of this run. */
      readonly logFolder: string;
      /** The file of a task's log. */
      readonly logOf: (task: string) => string;
    };
