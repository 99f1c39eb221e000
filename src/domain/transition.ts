import {
  type JobMaps,
  type JournalEntry,
  type JournalWindow,
  type RecordJob,
  type RecordWrite,
  type WorkflowChange,
} from './change.ts';
import { BatchyError } from './errors.ts';
import { quoteBriefly } from './names.ts';
import {
  type Parameters,
  readSpecialParameters,
  type SpecialParameters,
  storedSpecialParameters,
} from './special-parameters.ts';
import { epochSeconds, floorToMicrosecond, type Instant } from './time.ts';
import type { Status } from './transitions.ts';
import { type JobLedger, jobLedger, knownBatch, type KnownBatch, type Ledger, type Workflow } from './workflow.ts';

/** A job as the rules look at it: its map, what is special in it, and what the ledger knows of its batch. */
export interface JobState {
  readonly job: string;
  readonly parameters: Parameters;
  readonly special: SpecialParameters;
  readonly ledger: JobLedger;
  readonly known: KnownBatch | null;
}

/** @throws BatchyError `unreadable-parameter`, `unknown-job` */
export function jobState(workflow: Workflow, job: string): JobState {
  const parameters = workflow.jobs.get(job);
  if (parameters === undefined) throw unknownJob(workflow, job);
  const special = storedSpecialParameters(job, parameters);
  return { job, parameters, special, ledger: jobLedger(workflow, job), known: knownBatch(workflow, job, special) };
}

/** The jobs that a request names, each once, in the workflow's order; all of them when it names none. */
export function addressedJobs(workflow: Workflow, names: readonly string[] | null): JobState[] {
  for (const name of names ?? []) if (!workflow.jobs.has(name)) throw unknownJob(workflow, name);
  return [...workflow.jobs.keys()]
    .filter((job) => names === null || names.includes(job))
    .map((job) => jobState(workflow, job));
}

function unknownJob(workflow: Workflow, job: string): BatchyError {
  const names = [...workflow.jobs.keys()].map(quoteBriefly).join(', ');
  return new BatchyError(
    'unknown-job',
    `Workflow ${quoteBriefly(workflow.name)} has no job ${quoteBriefly(job)}. Its jobs are ${names}.`,
  );
}

/** The greatest batch id ever, in our ledger or in a head that another program wrote. */
export function greatestBatchId(workflow: Workflow): number {
  let greatest = workflow.ledger.lastBatchId;
  for (const parameters of workflow.jobs.values()) {
    const special = readSpecialParameters(parameters);
    if (!('problems' in special) && special.batchId !== null) greatest = Math.max(greatest, special.batchId);
  }
  return greatest;
}

/** Epoch seconds, but always greater than every id before. */
export function nextBatchId(workflow: Workflow, now: Instant): number {
  return Math.max(epochSeconds(now), greatestBatchId(workflow) + 1);
}

/** The window of a job as the journal shows it. */
export function journalWindow({ special, known }: Pick<JobState, 'special' | 'known'>): JournalWindow {
  return { status: special.status, batchId: special.batchId, fromDate: special.fromDate, until: known?.until ?? null };
}

/** The window as the record of its batch keeps it. A batch of another program proves what it began with: up to its start. */
export function recordJob(
  { special, known }: Pick<JobState, 'special' | 'known'>,
  status: Status,
  ending: { readonly batchEnd: Instant | null; readonly reason: string | null; readonly endedBy: string | null },
): RecordJob {
  const { fromDate, batchStart } = special;
  return { status, fromDate, until: known?.until ?? batchStart, batchStart, ...ending };
}

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
  };
  return {
    name: workflow.name,
    next: { name: workflow.name, jobs, ledger },
    deleted: transition.deleted === true,
    records: [...adoption.records, ...(transition.records ?? [])],
    journal: transition.journal,
  };
}

/** Batches in the head that our ledger does not know: another program opened them. */
function adoptForeignBatches(workflow: Workflow): { known: Map<string, JobLedger>; records: RecordWrite[] } {
  const known = new Map<string, JobLedger>();
  const byId = new Map<number, { start: Instant; jobs: Map<string, { outcome: RecordJob; copy: null }> }>();
  for (const job of foreignJobs(workflow)) {
    const { batchId, batchStart, batchEnd, status } = job.special;
    if (batchId === null || batchStart === null) continue;
    const start = floorToMicrosecond(batchStart);
    const record = byId.get(batchId) ?? { start, jobs: new Map() };
    byId.set(batchId, record);
    record.jobs.set(job.job, {
      outcome: recordJob(job, status, { batchEnd, reason: null, endedBy: null }),
      copy: null,
    });
    const batch: KnownBatch = {
      id: batchId,
      start,
      until: start,
      emitted: false,
      superseded: false,
      owner: null,
      foreign: true,
    };
    known.set(job.job, { ...job.ledger, batch });
  }
  const records = [...byId].map(([number, { start, jobs }]): RecordWrite => {
    return {
      id: String(number),
      opening: { kind: 'foreign', number, openedAt: start, openedBy: 'another program' },
      jobs,
      only: 'absent',
    };
  });
  return { known, records };
}

/** The jobs whose batch another program opened and our ledger has not seen. Unreadable ones are left for PATCH to mend. */
export function foreignJobs(workflow: Workflow): JobState[] {
  return [...workflow.jobs].flatMap(([job, parameters]) => {
    const special = readSpecialParameters(parameters);
    // A new job carries at most the id of a batch whose watermark was edited since.
    if ('problems' in special || special.status === 'new' || special.batchId === null || special.batchStart === null)
      return [];
    const state = {
      job,
      parameters,
      special,
      ledger: jobLedger(workflow, job),
      known: knownBatch(workflow, job, special),
    };
    return state.known === null ? [state] : [];
  });
}
