import type { JobExecution, JobInstance } from '../domain/execution.ts';
import type { ReadDocument } from '../domain/execution-documents.ts';
import type { Json } from '../domain/json.ts';
import type { Commit, CommitOutcome } from './store.ts';

/** An execution that is about to be launched: all of it, so that nothing needs to be read. */
export interface LaunchedExecution {
  readonly execution: JobExecution;
  readonly instance: JobInstance;
  /** The instance as it was read; `null` where the launch makes it. */
  readonly instanceBefore: ReadDocument | null;
  readonly context: ReadonlyMap<string, Json>;
}

/** What runs executions in the process that launches them, where it is the same one. */
export interface ExecutionTaker {
  /**
   * Takes an execution with the very commit that launches it, where there is room: that is stored once, together with the lease and the
   * first change of the execution.
   * @param commit of the launch
   * @returns how that ended; `null`: nothing was sent, the commit is still the launcher's. @throws as `Store.commit`
   */
  take(launched: LaunchedExecution, commit: Commit): Promise<CommitOutcome | null>;
}
