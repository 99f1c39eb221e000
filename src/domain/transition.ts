import type { JobMaps, JournalEntry, RecordWrite, WorkflowChange } from './change.ts';
import { departedAfter } from './departed-jobs.ts';
import { adoptForeignBatches } from './foreign-batches.ts';
import { greatestBatchId } from './job-state.ts';
import type { Parameters } from './special-parameters.ts';
import type { JobLedger, Ledger, Workflow } from './workflow.ts';

export interface Transition {
  /** Jobs whose map changes. */
  readonly jobs?: JobMaps;
  /** All the jobs, where the set of them changes. */
  readonly replaceJobs?: JobMaps;
  /** What the ledger knows afterwards of the jobs that change. */
  readonly known?: ReadonlyMap<string, JobLedger>;
  readonly ledger?: Partial<Pick<Ledger, 'order' | 'infa' | 'lastBatchId' | 'lastInitId'>>;
  readonly records?: readonly RecordWrite[];
  readonly journal: readonly JournalEntry[];
  readonly deleted?: boolean;
}

/**
 * Puts a transition together: the next state with a grown revision, and, where another program had written the head,
 * the adoption of its batches into ledger and index.
 */
export function changeWorkflow(workflow: Workflow, transition: Transition): WorkflowChange {
  const jobs = transition.replaceJobs ?? withJobs(workflow.jobs, transition.jobs);
  const adoption = adoptForeignBatches(workflow);
  const known = new Map<string, JobLedger>();
  for (const job of jobs.keys()) {
    const after = transition.known?.get(job) ?? adoption.known.get(job) ?? workflow.ledger.jobs.get(job);
    if (after !== undefined) known.set(job, after);
  }
  const ledger: Ledger = {
    ...workflow.ledger,
    order: [...jobs.keys()],
    lastBatchId: greatestBatchId(workflow),
    ...transition.ledger,
    revision: workflow.ledger.revision + 1,
    jobs: transition.deleted === true ? new Map() : known,
    departed: departedAfter(workflow, jobs),
  };
  return {
    name: workflow.name,
    next: { name: workflow.name, jobs, ledger },
    deleted: transition.deleted === true,
    records: [...adoption.records, ...(transition.records ?? [])],
    journal: transition.journal,
  };
}

function withJobs(jobs: JobMaps, changed: JobMaps | undefined): JobMaps {
  const next = new Map<string, Parameters>();
  for (const [job, parameters] of jobs) next.set(job, changed?.get(job) ?? parameters);
  return next;
}
