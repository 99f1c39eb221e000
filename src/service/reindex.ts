import { type JobMaps, type JournalEntry, type RecordJobWrite, type RecordWrite } from '../domain/change.ts';
import { BatchyError } from '../domain/errors.ts';
import { checkWorkflowName } from '../domain/names.ts';
import { readSpecialParameters } from '../domain/special-parameters.ts';
import { floorToMicrosecond, type Instant, minInstant, nanosecondsPerSecond } from '../domain/time.ts';
import { greatestBatchId, recordJob } from '../domain/job-state.ts';
import { changeWorkflow } from '../domain/transition.ts';
import type { BatchReader } from '../ports/batch-reader.ts';
import type { Upkeep } from '../ports/upkeep.ts';
import type { Attempt, Commands } from './commands.ts';
import type { Workflows } from './workflows.ts';

export interface ReindexOptions {
  readonly upkeep: Upkeep;
  readonly reader: BatchReader;
  readonly commands: Commands;
  readonly workflows: Workflows;
  /** Called after each key or batch that was looked at. */
  readonly onProgress: (report: ReindexReport) => void;
}

export interface ReindexReport {
  /** Workflows that are in the index now. */
  readonly workflows: number;
  /** Batches of another program that came into the index. */
  readonly batches: number;
  /** Keys that look like ours and are not, each with why. */
  readonly skipped: readonly { readonly key: string; readonly why: string }[];
}

/** Batches that go into one commit. */
const batchesAtOnce = 100;

/**
 * Takes everything that another program has written into index and ledger: its workflows, and the copies of its batches.
 * What the index has already stays as it is, so that it can be run again at any time, beside a running service.
 * @throws BatchyError `store-unavailable`
 */
export async function reindex({
  upkeep,
  reader,
  commands,
  workflows,
  onProgress,
}: ReindexOptions): Promise<ReindexReport> {
  let report: ReindexReport = { workflows: 0, batches: 0, skipped: [] };
  const advance = (change: Partial<ReindexReport>): void => {
    report = { ...report, ...change };
    onProgress(report);
  };
  const skip = (key: string, why: string): void => advance({ skipped: [...report.skipped, { key, why }] });
  const copies = new Map<string, string[]>();
  const seen = new Set<string>();
  for await (const key of upkeep.foreignKeys()) {
    // A store may name a key twice.
    if (seen.has(key)) continue;
    seen.add(key);
    const copy = copyOfBatch(key);
    if (copy !== null) copies.set(copy.workflow, [...(copies.get(copy.workflow) ?? []), copy.id]);
    else if (isWorkflowName(key)) {
      const why = await refusal(() => workflows.adopt(key));
      if (why === null) advance({ workflows: report.workflows + 1 });
      else skip(key, why);
    }
  }
  // After the heads, since a batch is told by its workflow's head whether it is the current one.
  for (const [workflow, ids] of copies) {
    for (let start = 0; start < ids.length; start += batchesAtOnce) {
      const found = await readCopies(reader, workflow, ids.slice(start, start + batchesAtOnce));
      if (found.size === 0) continue;
      let indexed = 0;
      const why = await refusal(() =>
        commands.apply(workflow, (attempt) => {
          indexed = attempt.workflow === null ? 0 : found.size;
          return indexCopies(attempt, found);
        }),
      );
      if (why !== null) skip(workflow, why);
      else if (indexed === 0) skip(workflow, `${found.size} batches have no workflow of that name any more`);
      else advance({ batches: report.batches + indexed });
    }
  }
  return report;
}

/** `wf1-1467149783` → its workflow and id; `null` for a key that is no copy of a batch. */
function copyOfBatch(key: string): { workflow: string; id: string } | null {
  const [, workflow = '', id = ''] = /^(.+?)-(\d{9,15}(?:-init)?)$/.exec(key) ?? [];
  return isWorkflowName(workflow) ? { workflow, id } : null;
}

function isWorkflowName(key: string): boolean {
  try {
    checkWorkflowName(key);
    return true;
  } catch {
    return false;
  }
}

/** The copies that the index does not have yet. */
async function readCopies(
  reader: BatchReader,
  workflow: string,
  ids: readonly string[],
): Promise<Map<string, JobMaps>> {
  const found = new Map<string, JobMaps>();
  for (const id of ids) {
    if ((await reader.record(workflow, id)) !== null) continue;
    const copy = await reader.copy(workflow, id);
    if (copy !== null) found.set(id, copy);
  }
  return found;
}

function indexCopies({ workflow, now }: Attempt, copies: ReadonlyMap<string, JobMaps>) {
  if (workflow === null) return null;
  const current = new Set([...workflow.jobs.values()].map((parameters) => parameters.get('batch_id')));
  const ids = [...copies.keys()];
  const numbers = (isInit: boolean): number[] =>
    ids.filter((id) => id.endsWith('-init') === isInit).map((id) => Number.parseInt(id, 10));
  const entry: JournalEntry = {
    type: 'workflow-adopted',
    workflow: workflow.name,
    at: floorToMicrosecond(now),
    by: 'batchy',
    reason: `${copies.size} batches of another program were indexed`,
    batchId: null,
    jobs: [],
  };
  return changeWorkflow(workflow, {
    records: [...copies].map(([id, maps]) => recordOfCopy(id, maps, current)),
    ledger: {
      lastBatchId: Math.max(greatestBatchId(workflow), ...numbers(false)),
      lastInitId: Math.max(workflow.ledger.lastInitId, ...numbers(true)),
    },
    journal: [entry],
  });
}

/**
 * A batch as its copy tells it. One that the copy calls open, and the head knows no more, was superseded or given up: it
 * proves nothing, so it counts as failed.
 */
function recordOfCopy(id: string, maps: JobMaps, current: ReadonlySet<unknown>): RecordWrite {
  const number = Number.parseInt(id, 10);
  const jobs = new Map<string, RecordJobWrite>();
  let openedAt: Instant = BigInt(number) * nanosecondsPerSecond;
  for (const [job, parameters] of maps) {
    const special = readSpecialParameters(parameters);
    if ('problems' in special) continue;
    const isLeftOpen = special.status === 'open' && !current.has(number);
    const ending = {
      batchEnd: special.batchEnd,
      reason: isLeftOpen ? 'another program left it open' : null,
      endedBy: null,
    };
    jobs.set(job, {
      outcome: recordJob({ special, known: null }, isLeftOpen ? 'failed' : special.status, ending),
      copy: null,
    });
    if (special.batchStart !== null && special.batchId === number)
      openedAt = minInstant(openedAt, floorToMicrosecond(special.batchStart));
  }
  return {
    id,
    opening: { kind: id.endsWith('-init') ? 'init' : 'foreign', number, openedAt, openedBy: 'another program' },
    jobs,
    only: 'absent',
  };
}

/** Why somebody else's data was not taken in; `null` when it was. Every other error ends the run. */
async function refusal(work: () => Promise<void>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (error instanceof BatchyError && ['foreign-data', 'unreadable-parameter'].includes(error.code))
      return error.detail;
    throw error;
  }
}
