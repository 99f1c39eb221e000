import type { JobMaps, JournalEntry, RecordWrite, WorkflowChange } from './change.ts';
import { departedAfter } from './departed-jobs.ts';
import { adoptForeignBatches } from './foreign-batches.ts';
import { greatestBatchId } from './job-state.ts';
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
  const jobs =
    transition.replaceJobs ??
    new Map([...workflow.jobs].map(([job, parameters]) => [job, transition.jobs?.get(job) ?? parameters]));
  const adoption = adoptForeignBatches(workflow);
  const known = new Map(
    [...jobs.keys()].flatMap((job): [string, JobLedger][] => {
      const after = transition.known?.get(job) ?? adoption.known.get(job) ?? workflow.ledger.jobs.get(job);
      return after === undefined ? [] : [[job, after]];
    }),
  );
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
