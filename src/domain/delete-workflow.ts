import type { WorkflowChange } from './change.ts';
import { BatchyError } from './errors.ts';
import { quoteBriefly } from './names.ts';
import { supersededRecords } from './open-batch.ts';
import { readSpecialParameters } from './special-parameters.ts';
import { floorToMicrosecond, type Instant } from './time.ts';
import { jobState, journalWindow } from './job-state.ts';
import { changeWorkflow } from './transition.ts';
import type { Workflow } from './workflow.ts';

export interface DeleteRequest {
  readonly force: boolean;
  readonly reason: string | null;
  readonly now: Instant;
  readonly by: string;
}

/**
 * Removes a workflow. Its history stays for the retention, and its ledger, so that batch ids go on growing.
 * @throws BatchyError `batch-open` while a job is open, without `force`
 */
export function deleteWorkflow(workflow: Workflow, request: DeleteRequest): WorkflowChange {
  const now = floorToMicrosecond(request.now);
  const readable = [...workflow.jobs].filter(([, parameters]) => !('problems' in readSpecialParameters(parameters)));
  const states = readable.map(([job]) => jobState(workflow, job));
  const open = states.find(({ special }) => special.status === 'open');
  if (open !== undefined && !request.force) {
    throw new BatchyError(
      'batch-open',
      `Job ${quoteBriefly(open.job)} has batch ${open.special.batchId ?? '?'} open. Close or fail it before you delete the workflow, or say force=true.`,
    );
  }
  return changeWorkflow(workflow, {
    replaceJobs: new Map(),
    deleted: true,
    records: supersededRecords(states, 'the workflow was deleted', now, request.by),
    journal: [
      {
        type: 'workflow-deleted',
        workflow: workflow.name,
        at: now,
        by: request.by,
        reason: request.reason,
        batchId: null,
        jobs: states.map((state) => ({ job: state.job, before: journalWindow(state), after: null })),
      },
    ],
  });
}
