import type { WorkflowChange } from './change.ts';
import { readSpecialParameters } from './special-parameters.ts';
import { type Instant, maxInstant } from './time.ts';
import {
  encodeHead,
  encodeLedger,
  noteWritten,
  type StoredWorkflow,
  type Workflow,
  workflowStatus,
} from './workflow.ts';

/** A change in the form in which it is stored, beside what it was computed from. */
export function storedWorkflowChange(expected: StoredWorkflow, change: WorkflowChange) {
  const head = encodeHead(change.next);
  const ledger = encodeLedger(change.next.ledger);
  noteWritten(change.next, head, ledger);
  return {
    kind: 'workflow' as const,
    name: change.name,
    expected: { head: expected.head, ledger: expected.ledger },
    head: change.deleted ? null : head,
    ledger,
    records: change.records,
    listing: {
      status: workflowStatus(change.next),
      updatedAt: change.journal[0]?.at ?? 0n,
      latestStart: latestStart(change.next),
    },
  };
}

/** Of a job that is marked already the mark counts: should the clock go back once more, it lies ahead, too. */
function latestStart(workflow: Workflow): Instant | null {
  let latest: Instant | null = null;
  for (const [job, parameters] of workflow.jobs) {
    const special = readSpecialParameters(parameters);
    if ('problems' in special || special.batchStart === null) continue;
    const watched = workflow.ledger.jobs.get(job)?.skewNoticedAt ?? special.batchStart;
    latest = latest === null ? watched : maxInstant(latest, watched);
  }
  return latest;
}
