import type { BatchRecord, CoveredWindow, JournalEntry } from '../../src/domain/change.ts';
import { provenWindow } from '../../src/domain/change.ts';
import { readSpecialParameters } from '../../src/domain/special-parameters.ts';
import { journalWindow } from '../../src/domain/job-state.ts';
import { decodeWorkflow, knownBatch, type Workflow, workflowStatus } from '../../src/domain/workflow.ts';
import type { JournalPage } from '../../src/ports/journal.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { replayJournal, type Replayed, sameWindow, show } from './journal-replay.ts';

/** Something that a client was told: a 2xx, which must survive whatever the store promises to survive. */
export interface Acknowledged {
  readonly type: JournalEntry['type'];
  readonly batchId: number | null;
}

/**
 * Says where a workflow's head, ledger, records, copies, coverage, listing and journal contradict each other or break an
 * invariant: at most one open batch a job (I1), a watermark moved by its own batch's success or an audited edit only (I2),
 * contiguous successes (I3), final states (I4), no effect of stale tokens (I5), one effect an operation (I6), acknowledged
 * effects kept (I7), nothing skipped (I8). Empty when all is well. Not for workflows that another program writes, too, nor
 * for those whose journal was pruned.
 */
export async function brokenInvariants(
  stores: Stores,
  name: string,
  acknowledged: readonly Acknowledged[] = [],
): Promise<string[]> {
  const { reader } = stores;
  const sequences = await readJournal(stores, name);
  const entries = sequences.map(({ entry }) => entry);
  const replayed = replayJournal(entries);
  const broken = [...replayed.broken];
  for (const [index, { sequence }] of sequences.entries()) {
    if (index > 0 && sequence <= (sequences[index - 1]?.sequence ?? 0))
      broken.push(`the journal's sequence ${sequence} does not grow`);
  }
  const workflow = decodeWorkflow(name, await reader.peek(name));
  const records = await readRecords(stores, name);

  broken.push(...brokenHead(workflow, replayed), ...brokenRecords(records, replayed));
  for (const record of records) broken.push(...brokenCopy(record, await reader.copy(name, record.id)));
  const jobs = new Set(records.flatMap((record) => [...record.jobs.keys()]));
  for (const job of jobs) broken.push(...brokenCoverage(job, records, await readWindows(stores, name, job)));
  broken.push(
    ...brokenListing(
      workflow,
      await reader.workflows({ sort: 'name', descending: false, status: null, prefix: name, after: null, limit: 1 }),
    ),
  );
  const greatest = Math.max(0, ...entries.map(({ batchId }) => batchId ?? 0));
  if (workflow !== null && workflow.ledger.lastBatchId < greatest)
    broken.push(`the ledger's last id ${workflow.ledger.lastBatchId} is less than ${greatest}`);
  for (const { type, batchId } of acknowledged) {
    const effects = entries.filter((entry) => entry.type === type && entry.batchId === batchId).length;
    if (effects !== 1) broken.push(`${type} of ${batchId} was acknowledged and took effect ${effects} times`);
  }
  return broken;
}

function brokenHead(workflow: Workflow | null, { windows }: Replayed): string[] {
  const broken: string[] = [];
  for (const [job, window] of windows) {
    const parameters = workflow?.jobs.get(job);
    if (parameters === undefined) {
      if (window !== null) broken.push(`${job} is gone, but the journal left it ${show(window)}`);
      continue;
    }
    const special = readSpecialParameters(parameters);
    if ('problems' in special) continue;
    const head = journalWindow({ special, known: knownBatch(workflow as Workflow, job, special) });
    if (!sameWindow(head, window))
      broken.push(`the head of ${job} is ${show(head)}, but the journal left it ${show(window)}`);
  }
  for (const job of workflow?.jobs.keys() ?? []) if (!windows.has(job)) broken.push(`the journal does not know ${job}`);
  return broken;
}

function brokenRecords(records: readonly BatchRecord[], { outcomes }: Replayed): string[] {
  const broken: string[] = [];
  const byId = new Map(
    records.filter(({ opening }) => opening.kind !== 'init').map((record) => [record.opening.number, record]),
  );
  for (const [id, jobs] of outcomes) {
    for (const [job, status] of jobs) {
      const recorded = byId.get(id)?.jobs.get(job)?.status ?? 'nothing';
      if (recorded !== status) broken.push(`the record of ${id} says ${recorded} of ${job}, the journal ${status}`);
    }
  }
  for (const id of byId.keys()) if (!outcomes.has(id)) broken.push(`the journal does not know batch ${id}`);
  const open = records.flatMap((record) =>
    record.opening.kind === 'batch' ? [...record.jobs].filter(([, { status }]) => status === 'open') : [],
  );
  for (const [job, all] of Map.groupBy(open, ([job]) => job))
    if (all.length > 1) broken.push(`${job} has ${all.length} open batches`);
  return broken;
}

function brokenCopy(record: BatchRecord, copy: Awaited<ReturnType<Stores['reader']['copy']>>): string[] {
  return [...record.jobs].flatMap(([job, { status }]) => {
    const copied = copy?.get(job)?.get('status') ?? 'new';
    return copied === status
      ? []
      : [`the copy of ${record.id} says ${JSON.stringify(copied)} of ${job}, its record ${status}`];
  });
}

function brokenCoverage(job: string, records: readonly BatchRecord[], windows: readonly CoveredWindow[]): string[] {
  const proven = records.flatMap(({ opening, jobs }) => {
    const outcome = jobs.get(job);
    const window = outcome === undefined ? null : provenWindow(opening.kind, outcome);
    return window === null ? [] : [`${opening.number} [${window.from}, ${window.until})`];
  });
  const covered = windows.map(({ batchId, from, until }) => `${batchId} [${from}, ${until})`);
  const [one, other] = [proven.sort().join(' '), covered.sort().join(' ')];
  return one === other ? [] : [`${job} is covered by ${other}, but its records prove ${one}`];
}

function brokenListing(
  workflow: Workflow | null,
  listed: Awaited<ReturnType<Stores['reader']['workflows']>>,
): string[] {
  const found = listed.find(({ name }) => name === workflow?.name);
  if (workflow === null) return [];
  if (found?.status !== workflowStatus(workflow))
    return [`it is listed as ${found?.status ?? 'nothing'}, but is ${workflowStatus(workflow)}`];
  return [];
}

const page = 500;

async function readJournal({ journal }: Stores, workflow: string) {
  const all: Awaited<ReturnType<typeof journal.read>> = [];
  for (;;) {
    const ask: JournalPage = { workflow, direction: 'ascending', beyond: all.at(-1)?.sequence ?? null, limit: page };
    const found = await journal.read(ask);
    all.push(...found);
    if (found.length < page) return all;
  }
}

async function readRecords({ reader }: Stores, workflow: string): Promise<BatchRecord[]> {
  const all: BatchRecord[] = [];
  for (;;) {
    const last = all.at(-1);
    const found = await reader.records(workflow, {
      before: last === undefined ? null : { number: last.opening.number, id: last.id },
      limit: page,
      kinds: [],
    });
    all.push(...found);
    if (found.length < page) return all;
  }
}

async function readWindows({ reader }: Stores, workflow: string, job: string): Promise<CoveredWindow[]> {
  const all: CoveredWindow[] = [];
  for (;;) {
    const last = all.at(-1);
    const found = await reader.windows(workflow, job, {
      after: last === undefined ? null : { until: last.until, batchId: last.batchId },
      limit: page,
    });
    all.push(...found);
    if (found.length < page) return all;
  }
}
