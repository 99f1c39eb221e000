import type { BatchRecord, JobMaps, JournalEntry, RecordJob, RecordJobWrite, WorkflowChange } from './change.ts';
import { checkMove, endedParameters, type EndRequest, type Ended } from './end-batch.ts';
import { BatchyError, type ErrorPlace } from './errors.ts';
import { quoteBriefly } from './names.ts';
import { checkOwner } from './open-batch.ts';
import { escapePointer, isSpecial, type Parameters, withParameters } from './special-parameters.ts';
import { floorToMicrosecond, formatInstant, type Instant } from './time.ts';
import { addressedJobs, nextBatchId } from './job-state.ts';
import { changeWorkflow } from './transition.ts';
import type { Workflow } from './workflow.ts';

export interface BackfillRequest {
  readonly jobs: readonly string[] | null;
  readonly from: Instant;
  readonly until: Instant;
  readonly now: Instant;
  readonly reason: string | null;
  readonly by: string;
  /** The execution that will end it, or `null`: whoever has its id may. */
  readonly owner: string | null;
}

/**
 * A batch over a window of the past. It has an id and a record of its own and shows in the coverage; the head, and with it
 * the watermark, is never touched.
 * @throws BatchyError `invalid-body` for a window that is empty or not of the past, `unknown-job`
 */
export function openBackfill(
  workflow: Workflow,
  request: BackfillRequest,
): { change: WorkflowChange; batchId: number; opened: JobMaps } {
  const { from, until } = request;
  const now = floorToMicrosecond(request.now);
  if (from >= until) throw invalidWindow('/to', 'to must be later than from');
  if (until > now) throw invalidWindow('/to', `to must not lie in the future; the clock says ${formatInstant(now)}`);
  const addressed = addressedJobs(workflow, request.jobs);
  const batchId = nextBatchId(workflow, now);
  const outcome: RecordJob = {
    status: 'open',
    fromDate: from,
    until,
    batchStart: now,
    batchEnd: null,
    reason: request.reason,
    endedBy: null,
  };
  const opened = new Map(
    addressed.map(({ job, parameters }): [string, Parameters] => [
      job,
      withParameters(parameters, {
        from_date: formatInstant(from),
        to_date: formatInstant(until),
        batch_start: formatInstant(now),
        batch_end: null,
        status: 'open',
        batch_id: batchId,
      }),
    ]),
  );
  const jobs = new Map([...opened].map(([job, copy]): [string, RecordJobWrite] => [job, { outcome, copy }]));
  const entry: JournalEntry = {
    type: 'backfill-opened',
    workflow: workflow.name,
    at: now,
    by: request.by,
    reason: request.reason,
    batchId,
    jobs: [...opened.keys()].map((job) => ({
      job,
      before: null,
      after: { status: 'open', batchId, fromDate: from, until },
    })),
  };
  const change = changeWorkflow(workflow, {
    ledger: { lastBatchId: batchId },
    records: [
      {
        id: String(batchId),
        opening: {
          kind: 'backfill',
          number: batchId,
          openedAt: now,
          openedBy: request.by,
          ...(request.owner === null ? {} : { owner: request.owner }),
        },
        jobs,
        only: 'always',
      },
    ],
    journal: [entry],
  });
  return { change, batchId, opened };
}

/**
 * Ends a backfill, by the same table of transitions as any batch; its id is its fence.
 * @throws BatchyError `unknown-job`, `override-required`, `invalid-body`, `owned`
 */
export function endBackfill(workflow: Workflow, record: BatchRecord, copies: JobMaps, request: EndRequest): Ended {
  const names = [...new Set(request.jobs ?? jobsOfBackfill(record))];
  for (const job of names) {
    if (!record.jobs.has(job))
      throw new BatchyError(
        'unknown-job',
        `Backfill ${record.id} has no job ${quoteBriefly(job)}. Its jobs are ${[...record.jobs.keys()].map(quoteBriefly).join(', ')}.`,
      );
  }
  const changing = names.filter((job) => checkMove(job, record.jobs.get(job)?.status ?? 'new', request) === 'changes');
  checkBackfillParameters(names, copies, request);
  const { owner = null } = record.opening;
  for (const job of changing)
    if (record.jobs.get(job)?.status === 'open') checkOwner(job, owner, request.owner, request.force);
  const now = floorToMicrosecond(request.now);
  const ended = new Map(copies);
  const writes = new Map<string, RecordJobWrite>();
  for (const job of changing) {
    const copy = endedParameters(copies.get(job) ?? new Map(), request.outcome, now, request.parameters.get(job) ?? {});
    ended.set(job, copy);
    const before = record.jobs.get(job) as RecordJob;
    writes.set(job, {
      outcome: { ...before, status: request.outcome, batchEnd: now, reason: request.reason, endedBy: request.by },
      copy,
    });
  }
  if (changing.length === 0) return { change: null, jobs: ended, undone: null, undoneWindows: [] };
  const batchId = record.opening.number;
  const change = changeWorkflow(workflow, {
    records: [{ id: record.id, opening: record.opening, jobs: writes, only: 'always' }],
    journal: [
      {
        type: request.outcome === 'success' ? 'backfill-closed' : 'backfill-failed',
        workflow: workflow.name,
        at: now,
        by: request.by,
        reason: request.reason,
        batchId,
        jobs: changing.map((job) => {
          const { status, fromDate, until } = record.jobs.get(job) as RecordJob;
          return {
            job,
            before: { status, batchId, fromDate, until },
            after: { status: request.outcome, batchId, fromDate, until },
          };
        }),
      },
    ],
  });
  const undoneWindows = changing.flatMap((job) => {
    const { status, fromDate, until } = record.jobs.get(job) as RecordJob;
    return status === 'success' ? [{ job, from: fromDate, until }] : [];
  });
  return { change, jobs: ended, undone: undoneWindows.length > 0 ? batchId : null, undoneWindows };
}

/** The open jobs; where none is open, all, so that a repeated end is answered. */
function jobsOfBackfill(record: BatchRecord): string[] {
  const open = [...record.jobs].filter(([, { status }]) => status === 'open').map(([job]) => job);
  return open.length > 0 ? open : [...record.jobs.keys()];
}

function checkBackfillParameters(names: readonly string[], copies: JobMaps, request: EndRequest): void {
  const places: ErrorPlace[] = [];
  for (const [job, changes] of request.parameters) {
    if (!names.includes(job))
      places.push({
        pointer: `/${escapePointer(job)}`,
        detail: `no job ${quoteBriefly(job)} is addressed by this request`,
      });
    for (const name of Object.keys(changes)) {
      if (name === 'to_date' || isSpecial(name, copies.get(job) ?? new Map()))
        places.push({ pointer: `/${escapePointer(job)}/${escapePointer(name)}`, detail: `${name} is Batchy's own` });
    }
  }
  if (places.length > 0)
    throw new BatchyError('invalid-body', places.map(({ detail }) => detail).join('; '), { places });
}

function invalidWindow(pointer: string, detail: string): BatchyError {
  return new BatchyError('invalid-body', `${detail}.`, { places: [{ pointer, detail }] });
}
