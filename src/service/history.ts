import type { BatchRecord, CoveredWindow, JobMaps } from '../domain/change.ts';
import { type JobCoverage, jobCoverage } from '../domain/coverage.ts';
import { BatchyError } from '../domain/errors.ts';
import { checkWorkflowName, quoteBriefly } from '../domain/names.ts';
import type { Instant } from '../domain/time.ts';
import { type Status, worstStatus } from '../domain/transitions.ts';
import { decodeWorkflow, type Workflow } from '../domain/workflow.ts';
import type { BatchReader, RecordCursor } from '../ports/batch-reader.ts';
import type { RecordKind } from '../domain/change.ts';
import type { Journal, JournaledEntry, JournalPage } from '../ports/journal.ts';
import { unknownWorkflow } from './batches.ts';
import type { AdoptIfNew } from './workflows.ts';

export interface RecordFilter {
  readonly before: RecordCursor | null;
  readonly limit: number;
  readonly kinds: readonly RecordKind[];
  readonly status: Status | null;
  readonly job: string | null;
  readonly openedAfter: Instant | null;
  readonly openedBefore: Instant | null;
}

export interface RecordsPage {
  readonly records: readonly BatchRecord[];
  /** Where to go on, or `null` at the end. */
  readonly next: RecordCursor | null;
}

export interface CoverageOptions {
  /** One job, or `null` for all. */
  readonly job: string | null;
  readonly from: Instant | null;
  readonly until: Instant | null;
  /** Windows per job. */
  readonly limit: number;
}

/** What has been: records of batches, the coverage they make, and the journal. */
export interface History {
  records(workflow: string, filter: RecordFilter): Promise<RecordsPage>;
  /** @throws BatchyError `unknown-workflow`, `unknown-batch` */
  record(workflow: string, id: string): Promise<{ record: BatchRecord; copy: JobMaps }>;
  coverage(workflow: string, options: CoverageOptions): Promise<{ jobs: readonly JobCoverage[]; truncated: boolean }>;
  /** @throws BatchyError `unknown-workflow` */
  journal(page: JournalPage): Promise<JournaledEntry[]>;
  /** The least and the greatest sequence number that the journal keeps; zeros when it is empty. */
  journalBounds(): Promise<{ first: number; last: number }>;
}

/** A page walks at most this many records in search of those that match, so that no request costs the whole history. */
const mostWalked = 2000;

export interface HistoryOptions {
  readonly reader: BatchReader;
  readonly journal: Journal;
  /** Takes in what another program did to a workflow. */
  readonly adoptIfNew: AdoptIfNew;
}

export function createHistory({ reader, journal, adoptIfNew }: HistoryOptions): History {
  /** History outlives its workflow; a name that was never known is an error all the same. */
  async function checkKnown(name: string): Promise<Workflow | null> {
    const stored = await reader.peek(checkWorkflowName(name));
    if (stored.head === null && stored.ledger === null) throw unknownWorkflow(name);
    const workflow = decodeWorkflow(name, stored);
    if (workflow !== null) await adoptIfNew(workflow, stored);
    return workflow;
  }

  return {
    async records(name, filter) {
      await checkKnown(name);
      const found: BatchRecord[] = [];
      let cursor = filter.before;
      for (let walked = 0; walked < mostWalked;) {
        const wanted = filter.limit + 1;
        const page = await reader.records(name, { before: cursor, limit: wanted, kinds: filter.kinds });
        for (const record of page) {
          walked += 1;
          if (filter.openedAfter !== null && record.opening.openedAt <= filter.openedAfter)
            return { records: found, next: null };
          if (matches(record, filter)) {
            if (found.length === filter.limit) return { records: found, next: cursor };
            found.push(record);
          }
          cursor = cursorOf(record);
        }
        if (page.length < wanted) return { records: found, next: null };
      }
      return { records: found, next: cursor };
    },

    async record(name, id) {
      await checkKnown(name);
      const record = await reader.record(name, id);
      if (record === null)
        throw new BatchyError(
          'unknown-batch',
          `Workflow ${quoteBriefly(name)} has no batch ${quoteBriefly(id)}. GET /workflows/${name}/batches lists them.`,
        );
      return { record, copy: (await reader.copy(name, id)) ?? new Map() };
    },

    async coverage(name, { job, from, until, limit }) {
      const workflow = await checkKnown(name);
      if (workflow === null) throw unknownWorkflow(name);
      if (job !== null && !workflow.jobs.has(job))
        throw new BatchyError('unknown-job', `Workflow ${quoteBriefly(name)} has no job ${quoteBriefly(job)}.`);
      let truncated = false;
      const names = job === null ? [...workflow.jobs.keys()] : [job];
      const jobs: JobCoverage[] = [];
      for (const each of names) {
        const after = from === null ? null : { until: from, batchId: Number.MAX_SAFE_INTEGER };
        const windows = await reader.windows(name, each, { after, limit: limit + 1 });
        truncated ||= windows.length > limit;
        const within = windows.slice(0, limit).filter((window: CoveredWindow) => until === null || window.from < until);
        jobs.push(jobCoverage(each, within));
      }
      return { jobs, truncated };
    },

    async journal(page) {
      if (page.workflow !== null) await checkKnown(page.workflow);
      return journal.read(page);
    },

    journalBounds: () => journal.bounds(),
  };
}

function matches(record: BatchRecord, filter: RecordFilter): boolean {
  if (filter.status !== null && recordStatus(record) !== filter.status) return false;
  if (filter.job !== null && !record.jobs.has(filter.job)) return false;
  return filter.openedBefore === null || record.opening.openedAt < filter.openedBefore;
}

/** A batch is as well as its worst job. */
export function recordStatus(record: BatchRecord): Status {
  return worstStatus([...record.jobs.values()].map(({ status }) => status));
}

function cursorOf(record: BatchRecord): RecordCursor {
  return { number: record.opening.number, id: record.id };
}
