import type { JournalWindow, RecordJob } from './change.ts';
import { BatchyError } from './errors.ts';
import { quoteBriefly } from './names.ts';
import {
  endByItsMap,
  greatestPossibleBatchId,
  type Parameters,
  readSpecialParameters,
  type SpecialParameters,
  storedBatchId,
  storedSpecialParameters,
} from './special-parameters.ts';
import { epochSeconds, floorToMicrosecond, type Instant } from './time.ts';
import type { Status } from './transitions.ts';
import { type JobLedger, jobLedger, knownBatch, type KnownBatch, type Workflow } from './workflow.ts';

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

/** As `jobState`; `null` where there is no such job or its special parameters cannot be read. */
export function readableState(workflow: Workflow, job: string): JobState | null {
  const parameters = workflow.jobs.get(job);
  const special = parameters === undefined ? null : readSpecialParameters(parameters);
  if (parameters === undefined || special === null || 'problems' in special) return null;
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
    greatest = Math.max(greatest, storedBatchId(parameters) ?? 0);
  }
  return greatest;
}

/**
 * Epoch seconds, but always greater than every id before.
 * @throws BatchyError `unreadable-parameter` when a stored id leaves no greater one
 */
export function nextBatchId(workflow: Workflow, now: Instant): number {
  const greatest = greatestBatchId(workflow);
  if (greatest < greatestPossibleBatchId) return Math.max(epochSeconds(now), greatest + 1);
  throw new BatchyError(
    'unreadable-parameter',
    `Workflow ${quoteBriefly(workflow.name)}: batch_id ${greatest} leaves no greater one. Load the workflow under another name.`,
  );
}

/** What is known of the batch in the head, be it ours or another program's; `null` where the head holds none. */
export function batchInHead(state: Pick<JobState, 'special' | 'known' | 'ledger'>): KnownBatch | null {
  const { known, special } = state;
  if (known === null) return foreignBatch(state);
  return known.ended || !hasEnded(special.status) ? known : endedElsewhere(known, special.status);
}

export function hasEnded(status: Status): boolean {
  return status === 'success' || status === 'failed';
}

/** A batch that we know, ended by another program: the head says so and our ledger does not. */
export function endedElsewhere(batch: KnownBatch, status: Status): KnownBatch {
  return { ...batch, ended: true, owner: null, superseded: batch.superseded && status !== 'success' };
}

function foreignBatch({ special, ledger }: Pick<JobState, 'special' | 'ledger'>): KnownBatch | null {
  const { batchId, batchStart, status } = special;
  if (batchId === null || batchStart === null || status === 'new') return null;
  const start = floorToMicrosecond(batchStart);
  // The client of a batch of ours that we did not see end may be alive, and late.
  const superseded = ledger.batch !== null && (ledger.batch.superseded || !ledger.batch.ended);
  return {
    id: batchId,
    start,
    from: special.fromDate === null ? null : floorToMicrosecond(special.fromDate),
    until: floorToMicrosecond(endByItsMap(batchStart, special)),
    emitted: false,
    superseded,
    ended: status !== 'open',
    owner: null,
    foreign: true,
  };
}

/**
 * Whether the next batch of this job takes the place of an open one: now, or at a failure, an edit or a load since, whose
 * client may still be alive. A success ends the story.
 */
export function lateClientMayLive(state: JobState): boolean {
  const { status } = state.special;
  if (status === 'open' || status === 'success') return status === 'open';
  const inHead = batchInHead(state);
  if (inHead !== null) return inHead.superseded;
  const { batch } = state.ledger;
  // One that we did not see end was taken from under its client by another program.
  return batch !== null && (batch.superseded || !batch.ended);
}

/** What the ledger keeps of a job whose batch was taken from under it: only that a late client may live. */
export function batchTakenAway(state: JobState): KnownBatch | null {
  const batch = batchInHead(state) ?? state.ledger.batch;
  return batch !== null && lateClientMayLive(state) ? { ...batch, superseded: true, ended: true, owner: null } : null;
}

/** The window of a job as the journal shows it. */
export function journalWindow({ special, known }: Pick<JobState, 'special' | 'known'>): JournalWindow {
  const until = special.status === 'new' ? null : (known?.until ?? null);
  return { status: special.status, batchId: special.batchId, fromDate: special.fromDate, until };
}

/** The window as the record of its batch keeps it. A batch of another program proves what it began with: up to its start. */
export function recordJob(
  { special, known }: Pick<JobState, 'special' | 'known'>,
  status: Status,
  ending: { readonly batchEnd: Instant | null; readonly reason: string | null; readonly endedBy: string | null },
): RecordJob {
  const { fromDate, batchStart } = special;
  const until = known?.until ?? (batchStart === null ? null : endByItsMap(batchStart, special));
  return { status, fromDate, until, batchStart, ...ending };
}
