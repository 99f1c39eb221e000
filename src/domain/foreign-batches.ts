import type { JournalWindow, RecordJob, RecordJobWrite, RecordWrite } from './change.ts';
import {
  batchInHead,
  endedElsewhere,
  hasEnded,
  type JobState,
  journalWindow,
  readableState,
  recordJob,
} from './job-state.ts';
import type { Instant } from './time.ts';
import type { JobLedger, KnownBatch, Workflow } from './workflow.ts';

/** What another program did, as the head tells it: batches that it opened, and ends of batches that we know. */
export function adoptForeignBatches(workflow: Workflow): { known: Map<string, JobLedger>; records: RecordWrite[] } {
  const known = new Map<string, JobLedger>();
  const records: RecordWrite[] = [];
  for (const unseen of unseenEnds(workflow)) {
    known.set(unseen.job, unseen.ledger);
    records.push(unseen.record);
  }
  const byId = new Map<number, { start: Instant; jobs: Map<string, { outcome: RecordJob; copy: null }> }>();
  for (const job of foreignJobs(workflow)) {
    const { batchEnd, status } = job.special;
    const batch = batchInHead(job);
    if (batch === null) continue;
    const record = byId.get(batch.id) ?? { start: batch.start, jobs: new Map() };
    byId.set(batch.id, record);
    record.jobs.set(job.job, {
      outcome: recordJob(job, status, { batchEnd, reason: null, endedBy: null }),
      copy: null,
    });
    known.set(job.job, { ...job.ledger, batch });
  }
  for (const [number, { start, jobs }] of byId) {
    records.push({
      id: String(number),
      opening: { kind: 'foreign', number, openedAt: start, openedBy: 'another program' },
      jobs,
      only: 'absent',
    });
  }
  return { known, records };
}

/** The jobs whose batch another program opened and our ledger has not seen. Unreadable ones are left for PATCH to mend. */
export function foreignJobs(workflow: Workflow): JobState[] {
  return [...workflow.jobs.keys()].flatMap((job) => {
    const state = readableState(workflow, job);
    if (state === null || state.known !== null) return [];
    const { status, batchId, batchStart } = state.special;
    // A new job carries at most the id of a batch whose watermark was edited since.
    return status === 'new' || batchId === null || batchStart === null ? [] : [state];
  });
}

/** A batch that we saw open, and that another program has ended or taken out of the head since. */
export interface UnseenEnd {
  readonly job: string;
  readonly before: JournalWindow;
  readonly after: JournalWindow | null;
  readonly ledger: JobLedger;
  readonly record: RecordWrite;
}

/**
 * The ends that we did not see. How a batch ended that is no longer in the head nobody can tell; it counts as failed, so
 * that nobody takes its window for loaded.
 */
export function unseenEnds(workflow: Workflow): UnseenEnd[] {
  return [...workflow.ledger.jobs].flatMap(([job, ledger]): UnseenEnd[] => {
    const { batch } = ledger;
    if (batch === null || batch.ended) return [];
    const state = readableState(workflow, job);
    if (state === null && workflow.jobs.has(job)) return [];
    const before: JournalWindow = { status: 'open', batchId: batch.id, fromDate: batch.from, until: batch.until };
    if (state === null || state.known === null) {
      const outcome: RecordJob = {
        status: 'failed',
        fromDate: batch.from,
        until: batch.until,
        batchStart: batch.start,
        batchEnd: null,
        reason: 'another program took its place',
        endedBy: 'another program',
      };
      const after = state === null ? null : journalWindow(state);
      const gone = { ...ledger, batch: { ...batch, ended: true, superseded: true, owner: null } };
      return [{ job, before, after, ledger: gone, record: endOf(batch, job, { outcome, copy: null }) }];
    }
    const { status, batchEnd } = state.special;
    if (!hasEnded(status)) return [];
    const outcome = recordJob(state, status, { batchEnd, reason: null, endedBy: 'another program' });
    // The copy of its own batch is the other program's to write.
    const write = { outcome, copy: batch.foreign ? null : state.parameters };
    const ended = { ...ledger, batch: endedElsewhere(batch, status) };
    return [{ job, before, after: journalWindow(state), ledger: ended, record: endOf(batch, job, write) }];
  });
}

function endOf(batch: KnownBatch, job: string, write: RecordJobWrite): RecordWrite {
  const { id, start, foreign } = batch;
  return {
    id: String(id),
    opening: {
      kind: foreign ? 'foreign' : 'batch',
      number: id,
      openedAt: start,
      openedBy: foreign ? 'another program' : 'unknown',
    },
    jobs: new Map([[job, write]]),
    only: foreign ? 'foreign' : 'always',
  };
}
