import type { JobMaps, JournalEntry, RecordJobWrite, RecordWrite, WorkflowChange } from './change.ts';
import { BatchyError, type ErrorPlace } from './errors.ts';
import type { Json } from './json.ts';
import { quoteBriefly } from './names.ts';
import { checkOwner, onlyFor, openingOf } from './open-batch.ts';
import {
  escapePointer,
  isSpecial,
  type Parameters,
  withParameters,
  withSpecialParameters,
} from './special-parameters.ts';
import { floorToMicrosecond, formatInstant, type Instant } from './time.ts';
import { addressedJobs, batchInHead, type JobState, journalWindow, recordJob } from './job-state.ts';
import { changeWorkflow } from './transition.ts';
import { batchTransitions, type Status } from './transitions.ts';
import { batchInstant } from './watermark.ts';
import type { UndoneWindow } from './windows-in-doubt.ts';
import type { JobLedger, KnownBatch, Workflow } from './workflow.ts';

export interface EndRequest {
  readonly outcome: 'success' | 'failed';
  /** Job names, or `null`: the open ones, of the batch `batchId` if given. */
  readonly jobs: readonly string[] | null;
  /** The fence: the id that the caller was given at open, or `null`. */
  readonly batchId: number | null;
  readonly force: boolean;
  readonly reason: string | null;
  /** Whether the server demands the fence of every job (`REQUIRE_FENCE`). */
  readonly requireFence: boolean;
  /** The user's parameters to store with the outcome, by job. */
  readonly parameters: ReadonlyMap<string, Readonly<Record<string, Json>>>;
  readonly now: Instant;
  readonly by: string;
  readonly owner: string | null;
  /** From the record of batch `batchId`: when each job of it started. `null` when there is no such record. */
  readonly recordedStarts: ReadonlyMap<string, Instant | null> | null;
}

export interface Ended {
  /** `null`: the outcome was there already and nothing is to be stored. */
  readonly change: WorkflowChange | null;
  readonly jobs: JobMaps;
  /** The batch of ours whose success this declares failed, be it for some of its jobs only; `null`: none. */
  readonly undone: number | null;
  /** What this declares failed that had succeeded, whoever had loaded it. */
  readonly undoneWindows: readonly UndoneWindow[];
}

/**
 * Closes or fails the addressed jobs.
 * @throws BatchyError `unknown-job`, `unreadable-parameter`, `not-open`, `never-opened`, `ambiguous`, `stale-batch`,
 * `fence-required`, `override-required`, `owned`, `invalid-body`
 */
export function endBatch(workflow: Workflow, request: EndRequest): Ended {
  const addressed = jobsToEnd(workflow, request);
  checkFence(workflow, addressed, request);
  const changing = addressed.filter((job) => checkMove(job.job, job.special.status, request) === 'changes');
  checkParameters(workflow, addressed, request.parameters);
  if (changing.length === 0) return { change: null, jobs: workflow.jobs, undone: null, undoneWindows: [] };

  for (const { job, known } of changing) if (known !== null) checkOwner(job, known.owner, request.owner, request.force);
  const now = batchInstant(
    request.now,
    changing.map(({ special }) => special.batchStart),
  );
  const jobs = new Map<string, Parameters>();
  const known = new Map<string, JobLedger>();
  const outcomes = new Map<string, RecordJobWrite>();
  for (const job of changing) {
    const parameters = withSpecialParameters(job, endOf(request.outcome, now, request.parameters.get(job.job) ?? {}), {
      status: request.outcome,
      batchEnd: floorToMicrosecond(now),
    });
    jobs.set(job.job, parameters);
    const batch = batchInHead(job);
    if (batch !== null) known.set(job.job, { ...job.ledger, batch: endedBatch(batch, request.outcome) });
    const outcome = recordJob(job, request.outcome, { batchEnd: now, reason: request.reason, endedBy: request.by });
    outcomes.set(job.job, { outcome, copy: parameters });
  }
  const change = changeWorkflow(workflow, {
    jobs,
    known,
    records: [recordOf(changing[0] as JobState, outcomes, now)],
    journal: [endedEntry(workflow, request, changing, now)],
  });
  // A batch of another program may have an id that was one of ours as well.
  const undone = succeeded(changing).find(({ known }) => known?.foreign === false)?.special.batchId ?? null;
  return { change, jobs: change.next.jobs, undone, undoneWindows: succeeded(changing).map(undoneWindow) };
}

/** What succeeds and fails by an end had been loaded: `checkMove` lets no other end through. */
function succeeded(changing: readonly JobState[]): JobState[] {
  return changing.filter(({ special }) => special.status === 'success');
}

function undoneWindow(state: JobState): UndoneWindow {
  const { fromDate, until } = recordJob(state, 'failed', { batchEnd: null, reason: null, endedBy: null });
  return { job: state.job, from: fromDate, until };
}

/** Named jobs; else the open ones; else, with a batch id, those that carry it (so that a repeated close is answered). */
function jobsToEnd(workflow: Workflow, request: EndRequest): JobState[] {
  if (request.jobs !== null) return addressedJobs(workflow, request.jobs);
  const all = addressedJobs(workflow, null);
  const { batchId } = request;
  const carrying = batchId === null ? all : all.filter((job) => isCurrentBatch(workflow, job, batchId, request));
  const open = carrying.filter(({ special }) => special.status === 'open');
  if (open.length > 0) return open;
  if (batchId === null) throw notOpen(workflow);
  if (carrying.length === 0) throw staleBatch(workflow, batchId, all);
  // A repeated end meets the jobs that it ended; the others had another end, and were not meant.
  const endedSo = carrying.filter(({ special }) => special.status === request.outcome);
  return endedSo.length > 0 ? endedSo : carrying;
}

function checkFence(workflow: Workflow, addressed: readonly JobState[], request: EndRequest): void {
  for (const { job, special } of addressed)
    if (special.batchId === null || special.status === 'new') throw neverOpened(job);
  const ids = new Set(addressed.map(({ special }) => special.batchId));
  if (request.batchId === null) {
    if (ids.size > 1) throw ambiguous(workflow, addressed);
    for (const job of addressed) if (needsFence(job, request)) throw fenceRequired(job);
    return;
  }
  for (const job of addressed)
    if (!isCurrentBatch(workflow, job, request.batchId, request))
      throw staleBatch(workflow, request.batchId, addressed);
}

/**
 * The id must be the current one, and mean the batch that we gave it to: another program may have opened under it, this job
 * or another of the workflow. A batch of ours has one start for all its jobs.
 */
function isCurrentBatch(
  workflow: Workflow,
  { job, special }: JobState,
  batchId: number,
  { recordedStarts }: Pick<EndRequest, 'recordedStarts'>,
): boolean {
  if (special.batchId !== batchId) return false;
  const start = special.batchStart === null ? null : floorToMicrosecond(special.batchStart);
  const own = [...workflow.ledger.jobs.values()].find(({ batch }) => batch?.id === batchId && !batch.foreign)?.batch;
  if (own) return own.start === start;
  if (recordedStarts === null) return true;
  return recordedStarts.has(job) ? recordedStarts.get(job) === start : [...recordedStarts.values()].includes(start);
}

function endedBatch(batch: KnownBatch, outcome: EndRequest['outcome']): KnownBatch {
  return { ...batch, owner: null, ended: true, superseded: batch.superseded && outcome !== 'success' };
}

function needsFence(job: JobState, request: EndRequest): boolean {
  const { special } = job;
  return (
    request.outcome === 'success' &&
    special.status === 'open' &&
    batchInHead(job)?.superseded === true &&
    (special.requireFence || request.requireFence)
  );
}

/**
 * What the table of transitions says of this end.
 * @throws BatchyError `never-opened`, `override-required`
 */
export function checkMove(
  job: string,
  status: Status,
  request: Pick<EndRequest, 'outcome' | 'force' | 'reason' | 'batchId'>,
): 'changes' | 'unchanged' {
  const move = batchTransitions[status][request.outcome === 'success' ? 'close' : 'fail'];
  if (move.to === 'unchanged') return 'unchanged';
  if (move.to === 'refused') throw neverOpened(job);
  if (move.guard === 'force-and-reason' && !(request.force && (request.reason ?? '').trim() !== '')) {
    throw new BatchyError(
      'override-required',
      `Job ${quoteBriefly(job)} has failed. To declare its window loaded all the same, say force=true and a reason; to load it, open a batch.`,
    );
  }
  if (move.guard === 'batch-id-or-force' && !request.force && request.batchId === null) {
    throw new BatchyError(
      'override-required',
      `Job ${quoteBriefly(job)} has succeeded. To have its window run again, name its batch_id or say force=true.`,
    );
  }
  return 'changes';
}

/** @throws BatchyError `invalid-body` for parameters of jobs that are not addressed, or that are Batchy's own */
function checkParameters(
  workflow: Workflow,
  addressed: readonly JobState[],
  parameters: EndRequest['parameters'],
): void {
  const places: ErrorPlace[] = [];
  for (const [job, changes] of parameters) {
    const map = workflow.jobs.get(job);
    if (map === undefined || !addressed.some((state) => state.job === job)) {
      places.push({
        pointer: `/${escapePointer(job)}`,
        detail: `no job ${quoteBriefly(job)} is addressed by this request`,
      });
      continue;
    }
    for (const name of Object.keys(changes)) {
      if (isSpecial(name, map))
        places.push({
          pointer: `/${escapePointer(job)}/${escapePointer(name)}`,
          detail: `${name} is Batchy's own; only your parameters may be stored here`,
        });
    }
  }
  if (places.length > 0)
    throw new BatchyError('invalid-body', places.map(({ detail }) => detail).join('; '), { places });
}

/** A job's map after its batch ended. */
export function endedParameters(
  parameters: Parameters,
  outcome: Status,
  now: Instant,
  changes: Readonly<Record<string, Json>>,
): Parameters {
  return withParameters(parameters, endOf(outcome, now, changes));
}

function endOf(outcome: Status, now: Instant, changes: Readonly<Record<string, Json>>): Record<string, Json> {
  return { ...changes, status: outcome, batch_end: formatInstant(now) };
}

/** The jobs that end together carry the same batch (see `checkFence`): any of them tells of it. */
function recordOf(job: JobState, jobs: RecordWrite['jobs'], now: Instant): RecordWrite {
  const opening = openingOf(job, job.known?.foreign === false ? 'batch' : 'foreign', now);
  return { id: String(job.special.batchId), opening, jobs, only: onlyFor(opening.kind) };
}

function endedEntry(workflow: Workflow, request: EndRequest, jobs: readonly JobState[], at: Instant): JournalEntry {
  return {
    type: request.outcome === 'success' ? 'batch-closed' : 'batch-failed',
    workflow: workflow.name,
    at,
    by: request.by,
    reason: request.reason,
    batchId: jobs[0]?.special.batchId ?? null,
    jobs: jobs.map((job) => {
      const changed = Object.keys(request.parameters.get(job.job) ?? {});
      const before = journalWindow(job);
      return {
        job: job.job,
        before,
        after: { ...before, status: request.outcome },
        ...(changed.length > 0 ? { changed } : {}),
      };
    }),
  };
}

function notOpen(workflow: Workflow): BatchyError {
  return new BatchyError(
    'not-open',
    `Workflow ${quoteBriefly(workflow.name)} has no open job. Open a batch first, or name the batch_id or the jobs that you mean.`,
  );
}

function neverOpened(job: string): BatchyError {
  return new BatchyError(
    'never-opened',
    `Job ${quoteBriefly(job)} has no batch to end: it was never opened, or its watermark was edited since. Open a batch first.`,
  );
}

function ambiguous(workflow: Workflow, addressed: readonly JobState[]): BatchyError {
  const ids = addressed.map(({ job, special }) => `${quoteBriefly(job)}: ${special.batchId}`).join(', ');
  return new BatchyError(
    'ambiguous',
    `Workflow ${quoteBriefly(workflow.name)} has jobs of several batches (${ids}). Say which with batch_id.`,
  );
}

function staleBatch(workflow: Workflow, batchId: number, jobs: readonly JobState[]): BatchyError {
  const current = [...new Set(jobs.map(({ special }) => special.batchId ?? 'none'))].join(', ');
  return new BatchyError(
    'stale-batch',
    `Batch ${batchId} is not the current batch of workflow ${quoteBriefly(workflow.name)} (current: ${current}): another opening took its place. Nothing was changed; do not retry.`,
    { facts: { batch_id: batchId } },
  );
}

function fenceRequired({ job, special }: JobState): BatchyError {
  return new BatchyError(
    'fence-required',
    `Job ${quoteBriefly(job)}: its batch ${special.batchId} took the place of one that was open, so a close must say which it means. Repeat with the batch_id that your open returned.`,
  );
}
