import type { JobExecution, JobInstance } from './execution.ts';
import { isLive } from './execution-transitions.ts';
import { addressedJobs } from './job-state.ts';
import type { Instant } from './time.ts';
import { watermark } from './watermark.ts';
import type { Workflow } from './workflow.ts';

/** Whether nobody has to do anything more about an execution. UNKNOWN waits for somebody. */
export function isOver({ status }: JobExecution): boolean {
  return !isLive(status) && status !== 'UNKNOWN';
}

/** Whether it is over, and nothing of it has changed since `before`. */
export function isLongOver(execution: JobExecution, before: Instant): boolean {
  return isOver(execution) && execution.updatedAt < before;
}

/** The executions of an instance that a launch or a restart of it looks at: the last, and those with the latest run of a step. */
export function neededExecutions({ lastExecutionId, steps }: JobInstance): ReadonlySet<number> {
  const ofSteps = [...steps.values()].map(({ executionId }) => executionId);
  return new Set(lastExecutionId === null ? ofSteps : [lastExecutionId, ...ofSteps]);
}

/**
 * Whether the workflow of a bound job still looks at an instance: it shows the batch of its last execution, or the window of
 * one that has not completed may come due again.
 * @throws BatchyError `foreign-data` for a workflow that cannot be read
 */
export function isNeededBy(workflow: Workflow, { batch, status }: JobExecution): boolean {
  if (batch === null) return false;
  const names = (batch.jobs ?? [...workflow.jobs.keys()]).filter((job) => workflow.jobs.has(job));
  return addressedJobs(workflow, names).some(
    ({ special, known }) =>
      special.batchId === batch.batchId ||
      (status !== 'COMPLETED' && !batch.backfill && watermark(special, known, batch.from) < batch.until),
  );
}
