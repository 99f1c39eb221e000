import { BatchyError } from '../domain/errors.ts';
import type { JobExecution } from '../domain/execution.ts';
import { quoteBriefly } from '../domain/names.ts';
import type { Timers } from '../ports/timers.ts';

/** Executions that nobody has and whose job this process does not have: somebody must hear of them, once of each. */
export interface Orphans {
  /** Told at every look of one that is found. */
  found(execution: JobExecution): void;
}

/** @param leaseSeconds how long one is left to others, who may have its job, before it is told of */
export function createOrphans(timers: Timers, leaseSeconds: number, tell: (problem: BatchyError) => void): Orphans {
  const since = new Map<number, number>();
  const told = new Set<number>();
  return {
    found({ id, jobName, status }) {
      const now = timers.monotonic();
      const first = since.get(id) ?? now;
      since.set(id, first);
      if (told.has(id) || now - first < leaseSeconds * 1000) return;
      told.add(id);
      tell(
        new BatchyError(
          'unknown-job-definition',
          `Execution ${id} is ${status} and nobody goes on with it: the file of its job ${quoteBriefly(jobName)} is missing or broken. Mend that, or end the execution: batchy stop ${id}.`,
        ),
      );
    },
  };
}
