import { endBackfill, openBackfill } from './backfill.ts';
import type { BatchRecord, JobMaps, WorkflowChange } from './change.ts';
import { endBatch } from './end-batch.ts';
import { BatchyError } from './errors.ts';
import type { OwnedBatch } from './execution.ts';
import { addressedJobs } from './job-state.ts';
import { quoteBriefly } from './names.ts';
import { openBatch, type UntoldEnd } from './open-batch.ts';
import { readSpecialParameters, withParameters } from './special-parameters.ts';
import { type Instant, maxInstant, minInstant } from './time.ts';
import { checkNamedWindow } from './window-parameters.ts';
import type { Workflow } from './workflow.ts';

/** The batch of an execution whose job is bound to a workflow: opened by its launch, ended with it, in the same commits. */

export interface BoundOpening {
  /** Of the workflow, or `null` for all. */
  readonly jobs: readonly string[] | null;
  /** Takes the place of a batch that somebody else has open. */
  readonly supersede: boolean;
  /** The window that the launch named, or `null` for the one that is due. */
  readonly backfill: { readonly from: Instant; readonly until: Instant } | null;
  /** The execution's id. */
  readonly owner: number;
  readonly now: Instant;
  readonly initialDate: Instant;
  readonly by: string;
}

export interface BoundOpened {
  readonly change: WorkflowChange;
  readonly batch: OwnedBatch;
}

/**
 * Opens the batch of a launch. The window that the execution is told has an end, which a failed one keeps, so that the next launch is
 * of the same instance.
 * @throws BatchyError as `openBatch` and `openBackfill` do; `batch-open` where a batch is open; `invalid-parameters` for a window
 * that is empty or not of the past
 */
export function openBoundBatch(workflow: Workflow, opening: BoundOpening): BoundOpened {
  const { jobs, backfill, now, by } = opening;
  if (backfill !== null) {
    checkNamedWindow(backfill, now);
    const owner = String(opening.owner);
    const { change, batchId } = openBackfill(workflow, { jobs, ...backfill, now, by, reason: null, owner });
    return { change, batch: { workflow: workflow.name, jobs, batchId, backfill: true, ...backfill } };
  }
  const { emitting, endsUntold } = withEnds(workflow, jobs);
  const { change, batchId, windows } = openBatch(emitting, {
    jobs,
    now,
    by,
    initialDate: opening.initialDate,
    ifOpen: opening.supersede ? 'reopen' : 'reject',
    force: false,
    reason: null,
    owner: String(opening.owner),
    endsUntold,
  });
  const from = windows.map((window) => window.from).reduce(minInstant);
  const until = windows.map((window) => window.until).reduce(maxInstant);
  return { change, batch: { workflow: workflow.name, jobs, batchId, backfill: false, from, until } };
}

/**
 * Makes the windows of all addressed jobs have an end. A job that does not emit emits from now on, so that whoever opens it next
 * without us is told the end as well; unless `to_date` is its user's own, which stays as it is: then only our ledger knows.
 */
function withEnds(
  workflow: Workflow,
  jobs: readonly string[] | null,
): { readonly emitting: Workflow; readonly endsUntold: ReadonlyMap<string, UntoldEnd> } {
  const maps = new Map(workflow.jobs);
  const endsUntold = new Map<string, UntoldEnd>();
  for (const { job, parameters, special } of addressedJobs(workflow, jobs)) {
    if (special.emitToDate) continue;
    const emits = withParameters(parameters, { emit_to_date: true, to_date: null });
    const read = readSpecialParameters(emits);
    // What cannot be read as a lag, or as a greatest length, is the user's own, too.
    if ('problems' in read) endsUntold.set(job, { lag: 0n, maxWindow: null });
    else if ((parameters.get('to_date') ?? null) !== null) endsUntold.set(job, read);
    else maps.set(job, withParameters(parameters, { emit_to_date: true }));
  }
  return { emitting: { ...workflow, jobs: maps }, endsUntold };
}

/** The id of the execution that owns an open batch of one of these jobs, or `null`. */
export function owningExecution(workflow: Workflow, jobs: readonly string[] | null): number | null {
  for (const { special, known } of addressedJobs(workflow, jobs)) {
    if (special.status === 'open' && known?.owner != null) return Number(known.owner);
  }
  return null;
}

export interface BoundEnding {
  readonly outcome: 'success' | 'failed';
  readonly reason: string | null;
  readonly owner: number;
  readonly now: Instant;
  readonly by: string;
}

/**
 * Ends the batch of an execution that ends. @param record of a backfill, with its copies; not looked at for others
 * @returns `null` where there is nothing left to end: somebody took the batch away or ended it by force
 */
export function endBoundBatch(
  workflow: Workflow,
  batch: OwnedBatch,
  record: { readonly record: BatchRecord; readonly copies: JobMaps } | null,
  { outcome, reason, owner, now, by }: BoundEnding,
): WorkflowChange | null {
  const request = {
    outcome,
    reason,
    now,
    by,
    batchId: batch.batchId,
    force: false,
    requireFence: false,
    parameters: new Map(),
    owner: String(owner),
    recordedStarts: null,
  } as const;
  if (batch.backfill) {
    if (record === null) return null;
    const jobs = [...record.record.jobs].flatMap(([job, { status }]) => (status === 'open' ? [job] : []));
    if (jobs.length === 0) return null;
    return endBackfill(workflow, record.record, record.copies, { ...request, jobs }).change;
  }
  const jobs = jobsStillOpen(workflow, batch);
  if (jobs.length === 0) return null;
  try {
    return endBatch(workflow, { ...request, jobs }).change;
  } catch (error) {
    if (error instanceof BatchyError && error.code === 'stale-batch') return null;
    throw error;
  }
}

/** What somebody has ended by force, or opened anew, is as they have left it. */
function jobsStillOpen(workflow: Workflow, { jobs, batchId }: OwnedBatch): string[] {
  const names = (jobs ?? [...workflow.jobs.keys()]).filter((job) => workflow.jobs.has(job));
  return addressedJobs(workflow, names)
    .filter(({ special }) => special.status === 'open' && special.batchId === batchId)
    .map(({ job }) => job);
}

/**
 * Whether the window of an ended execution has been loaded since, by another one.
 * @returns why, or `null`
 */
export function loadedSince(workflow: Workflow, { jobs, batchId, backfill, until }: OwnedBatch): string | null {
  if (backfill) return null;
  for (const { job, special, known } of addressedJobs(workflow, jobs)) {
    if (special.status !== 'success' || special.batchId === batchId) continue;
    if (known !== null && known.until >= until) {
      return `job ${quoteBriefly(job)} was loaded up to there by batch ${known.id}`;
    }
  }
  return null;
}
