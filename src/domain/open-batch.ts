import type {
  JobMaps,
  JournalEntry,
  RecordJob,
  RecordJobWrite,
  RecordKind,
  RecordWrite,
  WorkflowChange,
  WriteOnly,
} from './change.ts';
import { BatchyError } from './errors.ts';
import { quoteBriefly } from './names.ts';
import {
  type Parameters,
  type SpecialParameters,
  withParameters,
  withSpecialParameters,
} from './special-parameters.ts';
import { floorToMicrosecond, formatInstant, type Instant } from './time.ts';
import { addressedJobs, type JobState, journalWindow, lateClientMayLive, nextBatchId, recordJob } from './job-state.ts';
import { changeWorkflow } from './transition.ts';
import { batchInstant, type FromRule, nextWindow, type Window } from './watermark.ts';
import type { JobLedger, Workflow } from './workflow.ts';

export interface OpenRequest {
  /** Job names, or `null` for all. */
  readonly jobs: readonly string[] | null;
  readonly now: Instant;
  readonly initialDate: Instant;
  /** What to do where a job is open: take its place, or refuse. */
  readonly ifOpen: 'reopen' | 'reject';
  readonly force: boolean;
  readonly reason: string | null;
  /** Who asks: the name of the key, for the journal. */
  readonly by: string;
  /** The execution that will own the batch, or `null`. */
  readonly owner: string | null;
  /**
   * Jobs whose window has an end that whoever opens is told, and that their map says nothing of: its `to_date` is the user's own.
   * Left out where there are none.
   */
  readonly endsUntold?: ReadonlyMap<string, UntoldEnd>;
}

/** How far behind now a window ends, and how long it is at most; in nanoseconds. */
export type UntoldEnd = Pick<SpecialParameters, 'lag' | 'maxWindow'>;

export interface OpenedJob extends Window {
  readonly job: string;
  readonly rule: FromRule;
}

export interface Opened {
  readonly change: WorkflowChange;
  readonly batchId: number;
  /** The addressed jobs' new maps: what the caller is answered. */
  readonly opened: JobMaps;
  readonly windows: readonly OpenedJob[];
}

/**
 * Opens a batch over the addressed jobs: one id, one start, and for each job the window that its own state yields.
 * @throws BatchyError `unknown-job`, `unreadable-parameter`, `batch-open`, `owned`, `clock-skew`, `empty-window`
 */
export function openBatch(workflow: Workflow, request: OpenRequest): Opened {
  const addressed = addressedJobs(workflow, request.jobs);
  for (const job of addressed) checkMayOpen(job, request);
  const now = batchInstant(
    request.now,
    addressed.map(({ special }) => special.batchStart),
  );
  const batchId = nextBatchId(workflow, now);

  const opened = new Map<string, Parameters>();
  const known = new Map<string, JobLedger>();
  const outcomes = new Map<string, RecordJobWrite>();
  const windows: OpenedJob[] = [];
  for (const job of addressed) {
    const untold = request.endsUntold?.get(job.job);
    const special = untold === undefined ? job.special : { ...job.special, emitToDate: true, ...untold };
    const window = nextWindow({ ...job, special, now, initialDate: request.initialDate, force: request.force });
    const parameters = openedParameters(job, window, now, batchId);
    opened.set(job.job, parameters);
    known.set(job.job, ledgerOfOpened(job, window, now, batchId, request.owner, special.emitToDate));
    const outcome: RecordJob = {
      status: 'open',
      fromDate: window.from,
      until: window.until,
      batchStart: now,
      batchEnd: null,
      reason: request.reason,
      endedBy: null,
    };
    outcomes.set(job.job, { outcome, copy: parameters });
    windows.push({ job: job.job, ...window });
  }
  const record: RecordWrite = {
    id: String(batchId),
    opening: {
      kind: 'batch',
      number: batchId,
      openedAt: now,
      openedBy: request.by,
      ...(request.owner === null ? {} : { owner: request.owner }),
    },
    jobs: outcomes,
    only: 'always',
  };
  const change = changeWorkflow(workflow, {
    jobs: opened,
    known,
    ledger: { lastBatchId: batchId },
    records: [...supersededRecords(addressed, `superseded by batch ${batchId}`, now, request.by), record],
    journal: [openedEntry(workflow, request, addressed, windows, now, batchId)],
  });
  return { change, batchId, opened, windows };
}

function checkMayOpen({ job, special, known }: JobState, request: OpenRequest): void {
  if (special.status !== 'open') return;
  if (request.ifOpen === 'reject') {
    throw new BatchyError(
      'batch-open',
      `Job ${quoteBriefly(job)} has batch ${special.batchId ?? '?'} open. ${waysOut(request.owner !== null)}`,
      { facts: { batch_id: special.batchId } },
    );
  }
  if (known !== null) checkOwner(job, known.owner, request.owner, request.force);
}

/** What can be done about a batch that is open, in the words of whoever asks: an execution's launch has options of its own. */
function waysOut(launches: boolean): string {
  return launches
    ? 'Whoever opened it may still be at work: wait for its end, or close or fail it. Launch with supersede=true (batchy launch --supersede) to take its place.'
    : 'Close or fail it first, or open with if_open=reopen to take its place.';
}

/** @throws BatchyError `owned` when a live execution owns the batch and the caller neither is it nor forces */
export function checkOwner(job: string, owner: string | null, asking: string | null, force: boolean): void {
  if (owner === null || owner === asking || force) return;
  throw new BatchyError(
    'owned',
    `Job ${quoteBriefly(job)}: its batch belongs to execution ${owner}, which will end it. Use force=true to act in its place.`,
    {
      facts: { execution: owner },
    },
  );
}

function openedParameters(job: JobState, window: Window, now: Instant, batchId: number): Parameters {
  const { emitToDate } = job.special;
  return withSpecialParameters(
    job,
    {
      from_date: formatInstant(window.from),
      ...(emitToDate ? { to_date: formatInstant(window.until) } : {}),
      batch_start: formatInstant(now),
      batch_end: null,
      status: 'open',
      batch_id: batchId,
    },
    {
      fromDate: floorToMicrosecond(window.from),
      toDate: emitToDate ? floorToMicrosecond(window.until) : null,
      batchStart: floorToMicrosecond(now),
      batchEnd: null,
      status: 'open',
      batchId,
    },
  );
}

function ledgerOfOpened(
  state: JobState,
  window: Window,
  now: Instant,
  batchId: number,
  owner: string | null,
  emitted: boolean,
): JobLedger {
  return {
    batch: {
      id: batchId,
      start: now,
      from: window.from,
      until: window.until,
      emitted,
      superseded: lateClientMayLive(state),
      ended: false,
      owner,
      foreign: false,
    },
    skewNoticedAt: null,
  };
}

/** The records of batches that end because something takes their jobs: they become `failed`, with the reason. */
export function supersededRecords(jobs: readonly JobState[], reason: string, now: Instant, by: string): RecordWrite[] {
  const byId = new Map<number, Map<string, RecordJobWrite>>();
  const opening = new Map<number, RecordWrite['opening']>();
  for (const state of jobs) {
    const { special, known } = state;
    if (special.status !== 'open' || special.batchId === null) continue;
    const outcome = recordJob(state, 'failed', { batchEnd: now, reason, endedBy: by });
    const copy = withParameters(state.parameters, { status: 'failed', batch_end: formatInstant(now) });
    byId.set(special.batchId, (byId.get(special.batchId) ?? new Map()).set(state.job, { outcome, copy }));
    opening.set(special.batchId, openingOf(state, known?.foreign === false ? 'batch' : 'foreign', now));
  }
  return [...byId].map(([id, outcomes]) => {
    const openingOfIt = opening.get(id) as RecordWrite['opening'];
    return { id: String(id), opening: openingOfIt, jobs: outcomes, only: onlyFor(openingOfIt.kind) };
  });
}

/** What becomes of another program's batch is written to its own record only. */
export function onlyFor(kind: RecordKind): WriteOnly {
  return kind === 'foreign' ? 'foreign' : 'always';
}

/** The opening of a record that should be there already; it is stored only where it is not. */
export function openingOf({ special }: JobState, kind: 'batch' | 'foreign', now: Instant): RecordWrite['opening'] {
  return {
    kind,
    number: special.batchId ?? 0,
    openedAt: special.batchStart ?? now,
    openedBy: kind === 'foreign' ? 'another program' : 'unknown',
  };
}

function openedEntry(
  workflow: Workflow,
  request: OpenRequest,
  addressed: readonly JobState[],
  windows: readonly OpenedJob[],
  at: Instant,
  batchId: number,
): JournalEntry {
  const jobs = addressed.map((state, index) => {
    const window = windows[index] as OpenedJob;
    return {
      job: state.job,
      before: journalWindow(state),
      after: { status: 'open' as const, batchId, fromDate: window.from, until: window.until },
    };
  });
  return { type: 'batch-opened', workflow: workflow.name, at, by: request.by, reason: request.reason, batchId, jobs };
}
