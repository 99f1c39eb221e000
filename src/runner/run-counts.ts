import type { JobExecution, StepExecution } from '../domain/execution.ts';
import { isLive } from '../domain/execution-transitions.ts';
import { countEnd, countStep, type JobCounts } from '../domain/job-counts.ts';
import { noCounters } from '../domain/execution.ts';
import type { RunnableJob } from './job.ts';

/** What one commit of a running execution has changed. */
export interface StoredRun {
  readonly before: JobExecution;
  readonly after: JobExecution;
  /** In the order in which they changed; a step may be there twice. */
  readonly steps: readonly { readonly before: StepExecution | null; readonly after: StepExecution }[];
}

/** Counts what was stored of an execution of the job. */
export function countRun(counts: JobCounts, { bodies }: RunnableJob, { before, after, steps }: StoredRun): void {
  const tally = counts.of(after.jobName);
  if (before.status !== after.status && !isLive(after.status)) countEnd(tally, after.status);
  for (const { before: latest, after: is } of steps) {
    // A step that runs once more does so in a row of its own.
    const was = latest?.id === is.id ? latest : null;
    if (is.endedAt !== null && was?.endedAt == null) countStep(tally, Number(is.endedAt - is.startedAt) / 1e9);
    // Its items are those of its parts, which have been counted.
    if (bodies.get(is.stepName)?.kind === 'partition') continue;
    const had = was?.counters ?? noCounters;
    const { counters: has } = is;
    tally.itemsRead += has.read - had.read;
    tally.itemsWritten += has.write - had.write;
    tally.itemsSkipped +=
      has.readSkip + has.processSkip + has.writeSkip - had.readSkip - had.processSkip - had.writeSkip;
  }
}
