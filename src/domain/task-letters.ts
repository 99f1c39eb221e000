import type { BatchStatus } from './execution.ts';
import type { TaskLetter } from './task-list.ts';

/** What is known of a task in an execution. */
export interface TaskStanding {
  /** Of its latest step execution that counts for this execution; `null`: it has not begun. */
  readonly status: BatchStatus | null;
  /** The launch leaves it out. */
  readonly isDeselected: boolean;
  /** Something that it needs has failed. */
  readonly isDefaulted: boolean;
  /** The execution has ended: nothing runs any more, whatever a row says that nobody could finish. */
  readonly hasEnded: boolean;
}

const lettersOfBegun: Readonly<Record<BatchStatus, { readonly live: TaskLetter; readonly ended: TaskLetter }>> = {
  STARTING: { live: 'R', ended: 'A' },
  STARTED: { live: 'R', ended: 'A' },
  STOPPING: { live: 'R', ended: 'A' },
  STOPPED: { live: 'A', ended: 'A' },
  COMPLETED: { live: 'C', ended: 'C' },
  FAILED: { live: 'F', ended: 'F' },
  REVERTED: { live: 'F', ended: 'F' },
  ABANDONED: { live: 'F', ended: 'F' },
  UNKNOWN: { live: 'F', ended: 'F' },
};

/**
 * The letter that PyRunner shows for it. What has begun is told by what became of it; tasks that an abort kept from beginning stay
 * pending.
 */
export function taskLetter({ status, isDeselected, isDefaulted, hasEnded }: TaskStanding): TaskLetter {
  if (status !== null) return lettersOfBegun[status][hasEnded ? 'ended' : 'live'];
  if (isDeselected) return 'N';
  return isDefaulted ? 'D' : 'P';
}
