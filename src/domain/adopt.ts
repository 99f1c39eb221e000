import type { WorkflowChange } from './change.ts';
import { floorToMicrosecond, type Instant } from './time.ts';
import { foreignJobs, unseenEnds } from './foreign-batches.ts';
import { journalWindow } from './job-state.ts';
import { changeWorkflow } from './transition.ts';
import type { Workflow } from './workflow.ts';

/**
 * Takes what another program did to a head into ledger and index: batches that it opened, and ends of batches that we know.
 * @param isIndexed whether our ledger has ever been written for this workflow
 * @returns `null` where nothing is new
 */
export function adoptWorkflow(workflow: Workflow, isIndexed: boolean, now: Instant): WorkflowChange | null {
  const foreign = foreignJobs(workflow);
  const ended = unseenEnds(workflow).filter(({ job }) => foreign.every((state) => state.job !== job));
  if (isIndexed && foreign.length === 0 && ended.length === 0) return null;
  return changeWorkflow(workflow, {
    journal: [
      {
        type: 'workflow-adopted',
        workflow: workflow.name,
        at: floorToMicrosecond(now),
        by: 'batchy',
        reason: 'another program wrote it',
        batchId: null,
        jobs: [
          ...foreign.map((state) => ({ job: state.job, before: null, after: journalWindow(state) })),
          ...ended.map(({ job, before, after }) => ({ job, before, after })),
        ],
      },
    ],
  });
}
