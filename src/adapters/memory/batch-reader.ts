import { type BatchRecord, type CoveredWindow, provenWindow } from '../../domain/change.ts';
import { decodeRecord } from '../../domain/change-text.ts';
import { isJsonObject, parseJson } from '../../domain/json.ts';
import type { StoredWorkflow } from '../../domain/workflow.ts';
import type { BatchReader, ListedWorkflow, RecordPage, WindowPage, WorkflowPage } from '../../ports/batch-reader.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MemoryDatabase } from './database.ts';

export function createMemoryReader(database: MemoryDatabase, clock: Clock): BatchReader {
  return {
    async load(workflow) {
      const stored = peek(database, workflow);
      // The clock last: else somebody could commit in between what began after our now.
      return { ...stored, now: await clock.now() };
    },
    recall: async () => null,
    peek: async (workflow) => peek(database, workflow),
    record: async (workflow, id) => readRecord(database, workflow, id),
    copy: async (workflow, id) => readCopy(database, workflow, id),
    records: async (workflow, page) => pageRecords(allRecords(database, workflow), page),
    windows: async (workflow, job, page) => pageWindows(allRecords(database, workflow), job, page),
    workflows: async (page) => pageWorkflows(listedWorkflows(database), page),
    async startedAfter(instant, limit) {
      const late = [...database.workflows].filter(([, { listing }]) => (listing?.latestStart ?? instant) > instant);
      return late.map(([name]) => name).slice(0, limit);
    },
    async operation(id) {
      const now = await clock.now();
      const known = database.operations.get(id);
      return known !== undefined && known.expiresAt > now ? known.operation : null;
    },
  };
}

function peek(database: MemoryDatabase, workflow: string): StoredWorkflow {
  const { head = null, ledger = null } = database.workflows.get(workflow) ?? {};
  return { head: head === null ? null : new Map(head), ledger };
}

function readRecord(database: MemoryDatabase, workflow: string, id: string): BatchRecord | null {
  const stored = database.records.get(workflow)?.get(id);
  return stored === undefined ? null : decodeRecord(id, stored.opening, stored.jobs);
}

function readCopy(database: MemoryDatabase, workflow: string, id: string) {
  const copy = database.records.get(workflow)?.get(id)?.copy;
  if (copy === undefined || copy.size === 0) return null;
  return new Map(
    [...copy].map(([job, text]) => {
      const value = parseJson(text);
      return [job, new Map(isJsonObject(value) ? Object.entries(value) : [])] as const;
    }),
  );
}

export function allRecords(database: MemoryDatabase, workflow: string): BatchRecord[] {
  return [...(database.records.get(workflow) ?? [])].map(([id, { opening, jobs }]) => decodeRecord(id, opening, jobs));
}

/** Newest first; of two with one number, the one whose id sorts later. */
function pageRecords(records: BatchRecord[], { before, limit, kinds }: RecordPage): BatchRecord[] {
  return records
    .filter(({ opening }) => kinds.length === 0 || kinds.includes(opening.kind))
    .sort((one, other) => other.opening.number - one.opening.number || compare(other.id, one.id))
    .filter(
      ({ id, opening }) =>
        before === null || opening.number < before.number || (opening.number === before.number && id < before.id),
    )
    .slice(0, limit);
}

function pageWindows(records: readonly BatchRecord[], job: string, { after, limit }: WindowPage): CoveredWindow[] {
  return records
    .flatMap(({ opening, jobs }): CoveredWindow[] => {
      const outcome = jobs.get(job);
      const window = outcome === undefined ? null : provenWindow(opening.kind, outcome);
      return window === null ? [] : [{ job, batchId: opening.number, ...window }];
    })
    .sort((one, other) => compare(one.until, other.until) || one.batchId - other.batchId)
    .filter(
      ({ until, batchId }) =>
        after === null || until > after.until || (until === after.until && batchId > after.batchId),
    )
    .slice(0, limit);
}

function listedWorkflows(database: MemoryDatabase): ListedWorkflow[] {
  return [...database.workflows].flatMap(([name, { listing }]) =>
    listing === null ? [] : [{ name, status: listing.status, updatedAt: listing.updatedAt }],
  );
}

function pageWorkflows(listed: readonly ListedWorkflow[], page: WorkflowPage): ListedWorkflow[] {
  const direction = page.descending ? -1 : 1;
  const order = (
    one: Pick<ListedWorkflow, 'name' | 'updatedAt'>,
    other: Pick<ListedWorkflow, 'name' | 'updatedAt'>,
  ): number =>
    direction *
    ((page.sort === 'updated_at' ? compare(one.updatedAt, other.updatedAt) : 0) || compare(one.name, other.name));
  return listed
    .filter(({ name, status }) => name.startsWith(page.prefix) && (page.status === null || status === page.status))
    .sort(order)
    .filter((workflow) => page.after === null || order(workflow, page.after) > 0)
    .slice(0, page.limit);
}

function compare<T extends string | bigint>(one: T, other: T): number {
  return one < other ? -1 : Number(one > other);
}
