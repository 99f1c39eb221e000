import type { JobMaps, JournalEntry, RecordJobWrite, RecordWrite, WorkflowChange } from './change.ts';
import { BatchyError, type ErrorPlace } from './errors.ts';
import type { Json } from './json.ts';
import { departedJobs } from './departed-jobs.ts';
import { quoteBriefly } from './names.ts';
import { supersededRecords } from './open-batch.ts';
import {
  escapePointer,
  type Parameters,
  readSpecialParameters,
  type SpecialParameters,
  storedSpecialParameters,
} from './special-parameters.ts';
import { epochSeconds, floorToMicrosecond, formatInstant, type Instant } from './time.ts';
import {
  addressedJobs,
  batchInHead,
  batchTakenAway,
  greatestBatchId,
  type JobState,
  journalWindow,
  recordJob,
} from './job-state.ts';
import { changeWorkflow } from './transition.ts';
import { nextFrom, trustedWatermark, watermark } from './watermark.ts';
import { type JobLedger, type Ledger, unknownToLedger, type Workflow } from './workflow.ts';

/** A workflow as its file describes it. */
export interface Configuration {
  readonly jobs: JobMaps;
  /** The `_infa` setting, or `null`. */
  readonly infa: Json;
}

export interface LoadRequest {
  /** `replace` takes the file as it is; `merge` keeps what batches have written into jobs that stand in both. */
  readonly mode: 'replace' | 'merge';
  readonly force: boolean;
  readonly reason: string | null;
  readonly now: Instant;
  readonly initialDate: Instant;
  readonly by: string;
}

/**
 * Loads a configuration over what is there.
 * @param current the stored workflow, or `null` where there is none
 * @param ledger what stays of a deleted workflow of that name; batch ids go on growing
 * @throws BatchyError `invalid-configuration`, `batch-open`, `owned`, `watermark-forward`, `unreadable-parameter`
 */
export function loadConfiguration(
  name: string,
  current: Workflow | null,
  ledger: Ledger,
  configuration: Configuration,
  request: LoadRequest,
): WorkflowChange {
  const now = floorToMicrosecond(request.now);
  const before: Workflow = current ?? { name, jobs: new Map(), ledger };
  checkConfiguration(configuration, before, request.mode);
  // A forced load is how a workflow whose stored parameters cannot be read is mended.
  const states = request.force ? readableJobs(before) : addressedJobs(before, null);
  const jobs = request.mode === 'merge' ? mergeJobs(configuration.jobs, before) : configuration.jobs;
  if (request.mode === 'merge') for (const [job, parameters] of jobs) storedSpecialParameters(job, parameters);
  if (!request.force) {
    for (const state of states) checkNotOpen(state);
    for (const state of states) checkNotForward(state, jobs.get(state.job), request);
    for (const [job, loadedUpTo] of departedJobs(before)) checkReturn(job, loadedUpTo, jobs.get(job), request);
  }
  const leaving = states.filter(({ job }) => request.mode === 'replace' || !jobs.has(job));
  const initId = Math.max(epochSeconds(now), before.ledger.lastInitId + 1);
  return changeWorkflow(before, {
    replaceJobs: jobs,
    known: ledgerAfter(before, states, jobs, request.mode),
    ledger: {
      infa: configuration.infa,
      lastInitId: initId,
      lastBatchId: Math.max(greatestBatchId(before), ...fileBatchIds(jobs)),
    },
    records: [
      ...supersededRecords(leaving, 'the configuration was loaded anew', now, request.by),
      initRecord(initId, jobs, now, request.by),
    ],
    journal: [loadedEntry(name, states, jobs, now, request)],
  });
}

/**
 * What can be said of a file without looking at the store.
 * @throws BatchyError `invalid-configuration` naming each job and parameter that cannot be read
 */
function checkConfiguration(configuration: Configuration, before: Workflow | null, mode: LoadRequest['mode']): void {
  const places: ErrorPlace[] = [];
  if (configuration.jobs.size === 0) places.push({ pointer: '', detail: 'it has no jobs' });
  const greatest = before === null ? 0 : greatestBatchId(before);
  for (const [job, parameters] of configuration.jobs) {
    const at = `/${escapePointer(job)}`;
    const special = readSpecialParameters(parameters, at);
    if ('problems' in special) {
      places.push(...special.problems);
    } else if (
      special.batchId !== null &&
      special.batchId <= greatest &&
      !(mode === 'merge' && before?.jobs.get(job)?.has('batch_id') === true)
    ) {
      places.push({
        pointer: `${at}/batch_id`,
        detail: `batch_id ${special.batchId} was given already; leave it out, or use one greater than ${greatest}`,
      });
    }
  }
  if (places.length === 0) return;
  const detail = places.map((place) => `${place.pointer === '' ? '' : `${place.pointer}: `}${place.detail}`).join('; ');
  throw new BatchyError('invalid-configuration', `The configuration cannot be loaded: ${detail}.`, { places });
}

function readableJobs(workflow: Workflow): JobState[] {
  return [...workflow.jobs.keys()].flatMap((job) => {
    const parameters = workflow.jobs.get(job) as Parameters;
    return 'problems' in readSpecialParameters(parameters) ? [] : addressedJobs(workflow, [job]);
  });
}

const keptByMerge = ['batch_id', 'status', 'from_date', 'to_date', 'batch_start', 'batch_end'];

function mergeJobs(fromFile: JobMaps, current: Workflow): JobMaps {
  return new Map(
    [...fromFile].map(([job, parameters]): [string, Parameters] => {
      const stored = current.jobs.get(job);
      if (stored === undefined) return [job, parameters];
      // A job that begins to emit leaves behind what was its user's own to_date, and may be no time.
      const beginsToEmit = parameters.get('emit_to_date') === true && stored.get('emit_to_date') !== true;
      const merged = new Map(parameters);
      for (const name of keptByMerge) {
        if (stored.has(name) && !(name === 'to_date' && beginsToEmit)) merged.set(name, stored.get(name) as Json);
      }
      return [job, merged];
    }),
  );
}

function checkNotOpen({ job, special }: JobState): void {
  if (special.status !== 'open') return;
  throw new BatchyError(
    'batch-open',
    `Job ${quoteBriefly(job)} has batch ${special.batchId ?? '?'} open. Close or fail it before you load the configuration, or say force=true.`,
    {
      facts: { batch_id: special.batchId },
    },
  );
}

function checkNotForward(state: JobState, next: Parameters | undefined, request: LoadRequest): void {
  const special = next === undefined ? null : (readSpecialParameters(next) as SpecialParameters);
  if (special === null) return;
  const merges = request.mode === 'merge';
  // What a merge keeps is marked still, so the mark of a wrong clock need not count on either side.
  const loadedUpTo = merges
    ? watermark(state.special, state.known, request.initialDate)
    : trustedWatermark(state, request.initialDate);
  const begins = merges
    ? watermark(special, state.known, request.initialDate)
    : nextFrom(special, null, request.initialDate);
  if (begins > loadedUpTo)
    throw movesForward(state.job, loadedUpTo, begins, 'Use mode=merge to keep the watermark, lower');
}

/** A job that comes back must not begin after what was loaded of it before it left. */
function checkReturn(job: string, loadedUpTo: Instant, next: Parameters | undefined, request: LoadRequest): void {
  if (next === undefined) return;
  const begins = nextFrom(readSpecialParameters(next) as SpecialParameters, null, request.initialDate);
  if (begins > loadedUpTo) throw movesForward(job, loadedUpTo, begins, 'Lower');
}

function movesForward(job: string, loadedUpTo: Instant, begins: Instant, remedy: string): BatchyError {
  return new BatchyError(
    'watermark-forward',
    `Job ${quoteBriefly(job)} is loaded up to ${formatInstant(loadedUpTo)}, but would go on from ${formatInstant(begins)}: what lies between would be skipped. ` +
      `${remedy} from_date in the file, or say force=true.`,
    { facts: { loaded_up_to: formatInstant(loadedUpTo), would_begin_at: formatInstant(begins) } },
  );
}

/** A job that stands in both keeps what is known of it when merged; replaced, only that a late client may live. */
function ledgerAfter(
  before: Workflow,
  states: readonly JobState[],
  jobs: JobMaps,
  mode: LoadRequest['mode'],
): ReadonlyMap<string, JobLedger> {
  const kept = mode === 'merge' ? before.ledger.jobs : new Map<string, JobLedger>();
  const known = new Map([...jobs.keys()].map((job) => [job, kept.get(job) ?? unknownToLedger]));
  for (const state of states) {
    if (!jobs.has(state.job)) continue;
    const batch = mode === 'merge' ? (batchInHead(state) ?? state.ledger.batch) : batchTakenAway(state);
    known.set(state.job, { batch, skewNoticedAt: mode === 'merge' ? state.ledger.skewNoticedAt : null });
  }
  return known;
}

function fileBatchIds(jobs: JobMaps): number[] {
  return [...jobs.values()].map((parameters) => (readSpecialParameters(parameters) as SpecialParameters).batchId ?? 0);
}

function initRecord(initId: number, jobs: JobMaps, now: Instant, by: string): RecordWrite {
  const writes = [...jobs].map(([job, parameters]): [string, RecordJobWrite] => {
    const special = readSpecialParameters(parameters) as SpecialParameters;
    const outcome = recordJob({ special, known: null }, special.status, {
      batchEnd: special.batchEnd,
      reason: null,
      endedBy: null,
    });
    return [job, { outcome, copy: parameters }];
  });
  return {
    id: `${initId}-init`,
    opening: { kind: 'init', number: initId, openedAt: now, openedBy: by },
    jobs: new Map(writes),
    only: 'always',
  };
}

function loadedEntry(
  workflow: string,
  states: readonly JobState[],
  jobs: JobMaps,
  at: Instant,
  { by, reason }: LoadRequest,
): JournalEntry {
  const before = new Map(states.map((state) => [state.job, journalWindow(state)]));
  const names = [...new Set([...before.keys(), ...jobs.keys()])];
  return {
    type: 'configuration-loaded',
    workflow,
    at,
    by,
    reason,
    batchId: null,
    jobs: names.map((job) => {
      const parameters = jobs.get(job);
      const after =
        parameters === undefined
          ? null
          : journalWindow({ special: readSpecialParameters(parameters) as SpecialParameters, known: null });
      return { job, before: before.get(job) ?? null, after };
    }),
  };
}
