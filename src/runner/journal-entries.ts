import type { JournalEntry } from '../domain/change.ts';
import type { BatchStatus, JobExecution } from '../domain/execution.ts';
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

/** What the journal tells of an execution, or of a step of it. */
export function movedEntry(
  execution: JobExecution,
  { stepName, before, after, at, by, reason }: StatusMove,
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
