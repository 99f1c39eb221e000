import type { JournalEntry } from '../domain/change.ts';
import type { BatchStatus, JobExecution } from '../domain/execution.ts';
import type { TaskStatus } from '../domain/flow-state.ts';
import type { Instant } from '../domain/time.ts';

export interface StatusMove {
  /** `null`: of the execution itself. */
  readonly stepName: string | null;
  readonly before: BatchStatus | null;
  readonly after: BatchStatus;
  readonly at: Instant;
  readonly by: string;
  readonly reason: string | null;
}

export interface TaskMoved extends Omit<StatusMove, 'stepName' | 'before' | 'after'> {
  readonly stepName: string;
  readonly before: TaskStatus;
  readonly after: TaskStatus;
}

/** What the journal tells of an execution, or of a step of it. */
export function movedEntry(execution: JobExecution, move: StatusMove): JournalEntry {
  return entryOf(execution, move);
}

/** What the journal tells of a task of a reversible flow: its own states. */
export function taskEntry(execution: JobExecution, move: TaskMoved): JournalEntry {
  return entryOf(execution, move);
}

function entryOf(
  execution: JobExecution,
  { stepName, before, after, at, by, reason }: StatusMove | TaskMoved,
): JournalEntry {
  return {
    type: stepName === null ? 'execution-changed' : 'step-changed',
    workflow: execution.batch?.workflow ?? null,
    at,
    by,
    reason,
    batchId: execution.batch?.batchId ?? null,
    jobs: [],
    execution: { id: execution.id, jobName: execution.jobName, stepName, before, after },
  };
}
