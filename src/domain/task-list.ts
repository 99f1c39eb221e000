import type { JobDefinition } from './job.ts';

/** A task list (`.lst`, or the same as JSON): what PyRunner's applications are made of. */
export interface TaskList {
  readonly dialect: TaskListDialect;
  /** In the order of the file; ids and names differ, parents are there, nothing goes round in a circle. */
  readonly tasks: readonly ListedTask[];
}

/** By the first line of a `.lst`. A JSON list is `json`: each of its tasks says by itself what it runs. */
export type TaskListDialect = 'shell' | 'node' | 'python' | 'json';

export interface ListedTask {
  /** 1 or more. */
  readonly id: number;
  /** Ids of the tasks that must be completed or deselected before it; none for a root. */
  readonly parents: readonly number[];
  readonly name: string;
  readonly run: TaskRun;
  /** In all: 1 is no retry. */
  readonly maxAttempts: number;
  readonly retryWaitSeconds: number;
  /** From the beginning of its first attempt on; whatever runs then is ended and not tried again. `null`: as long as it takes. */
  readonly timeoutSeconds: number | null;
  /** As the list says it; `null`: in the execution's folder of logs. */
  readonly logFile: string | null;
}

export type TaskRun =
  /** A text for a shell. */
  | { readonly kind: 'shell'; readonly command: string }
  /** A class in a module, by its name without an ending; arguments are what `argv` holds. */
  | {
      readonly kind: 'worker';
      readonly module: string;
      readonly worker: string;
      readonly arguments: readonly string[];
    };

/** PyRunner's letters for what became of a task: pending, running, completed, failed, defaulted, not run, aborted. */
export const taskLetters = ['P', 'R', 'C', 'F', 'D', 'N', 'A'] as const;
export type TaskLetter = (typeof taskLetters)[number];

/** Whether a job was made of a task list: then all of its steps are tasks. */
export function isTaskList({ steps }: Pick<JobDefinition, 'steps'>): boolean {
  return steps.some(({ task }) => task !== undefined);
}
