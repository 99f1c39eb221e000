import type { WorkflowChange } from './change.ts';
import { floorToMicrosecond, type Instant } from './time.ts';
import { changeWorkflow, foreignJobs, journalWindow } from './transition.ts';
import type { Workflow } from './workflow.ts';

/**
 * Takes a head that another program wrote into ledger and index.
 * @param isIndexed whether our ledger has ever been written for this workflow
 * @returns `null` where nothing is new
 */
export function adoptWorkflow(workflow: Workflow, isIndexed: boolean, now: Instant): WorkflowChange | null {
  const foreign = foreignJobs(workflow);
  if (isIndexed && foreign.length === 0) return null;
  return changeWorkflow(workflow, {
    journal: [
      {
        type: 'workflow-adopted',
        workflow: workflow.name,
        at: floorToMicrosecond(now),
        by: 'batchy',
        reason: 'another program wrote it',
        batchId: null,
        jobs: foreign.map((state) => ({ job: state.job, before: null, after: journalWindow(state) })),
      },
    ],
  });
}
