import type { BatchStatus } from './execution.ts';

/** How a run of a task list ends as a process, as PyRunner's does: by the number of failed tasks up to the first of these. */
export const taskExits = { mostFailed: 250, aborted: 255, alreadyRunning: 6 } as const;

/** The exit code of a run that has ended. @param failed the number of failed tasks */
export function exitOfRun(status: BatchStatus, failed: number): number {
  if (status === 'COMPLETED') return 0;
  if (status === 'STOPPED') return taskExits.aborted;
  // It may have failed without any of its tasks: its state could not be stored.
  return Math.min(taskExits.mostFailed, Math.max(1, failed));
}
