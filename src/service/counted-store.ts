import { batchStatuses } from '../domain/execution.ts';
import { isLive } from '../domain/execution-transitions.ts';
import { countEnd, type JobCounts } from '../domain/job-counts.ts';
import type { Store } from '../ports/store.ts';

/**
 * Counts executions that are ended by whoever serves, rather than by a conductor: those that have nothing to do, and those that
 * somebody stops, recovers or abandons.
 */
export function countEnds(store: Store, counts: JobCounts): Store {
  return {
    async commit(commit) {
      const outcome = await store.commit(commit);
      if (outcome.kind !== 'committed') return outcome;
      for (const { type, execution } of commit.journal) {
        const status =
          type === 'execution-changed' ? batchStatuses.find((each) => each === execution?.after) : undefined;
        if (execution !== undefined && status !== undefined && !isLive(status))
          countEnd(counts.of(execution.jobName), status);
      }
      return outcome;
    },
  };
}
