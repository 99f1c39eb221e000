import { readableState } from './job-state.ts';
import type { Instant } from './time.ts';
import { trustedWatermark } from './watermark.ts';
import type { JobMaps } from './change.ts';
import type { Workflow } from './workflow.ts';

/**
 * Jobs that a workflow no longer has, each with the instant up to which it is known to be loaded. A job that leaves a
 * configuration and comes back later must not begin after it: what lies between would be skipped.
 */
export type DepartedJobs = ReadonlyMap<string, Instant>;

/** Those in the ledger, and those that another program has taken out of the head since we last wrote it. */
export function departedJobs({ jobs, ledger }: Workflow): DepartedJobs {
  const departed = new Map(ledger.departed);
  for (const [job, { batch }] of ledger.jobs) {
    // Whether that batch had succeeded nobody can tell any more; what precedes its window is proven all the same.
    if (!jobs.has(job) && batch !== null && batch.from !== null) departed.set(job, batch.from);
  }
  return departed;
}

/** Those after the workflow's jobs have become `next`. */
export function departedAfter(workflow: Workflow, next: JobMaps): DepartedJobs {
  if (workflow.ledger.departed.size === 0 && sameJobs(workflow, next)) return workflow.ledger.departed;
  const departed = new Map(departedJobs(workflow));
  for (const job of workflow.jobs.keys()) {
    const state = next.has(job) ? null : readableState(workflow, job);
    if (state === null) continue;
    const { status, fromDate, batchStart } = state.special;
    // A job that was never given a date has loaded nothing.
    if (fromDate === null && !(status === 'success' && batchStart !== null)) continue;
    departed.set(job, trustedWatermark(state, fromDate ?? (batchStart as Instant)));
  }
  for (const job of next.keys()) departed.delete(job);
  return departed;
}

/** Whether no job has come or gone, be it in the head since we last wrote it or now: nearly always. */
function sameJobs({ jobs, ledger }: Workflow, next: JobMaps): boolean {
  for (const job of jobs.keys()) if (!next.has(job)) return false;
  for (const job of ledger.jobs.keys()) if (!jobs.has(job)) return false;
  return true;
}
