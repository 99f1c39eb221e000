import type { JournalEntry, JournalWindow } from '../../src/domain/change.ts';
import { formatInstant } from '../../src/domain/time.ts';
import type { Status } from '../../src/domain/transitions.ts';

/** What the journal says has become of a workflow. */
export interface Replayed {
  /** Every job's window after the last entry; `null` where the job is gone or never was. */
  readonly windows: ReadonlyMap<string, JournalWindow | null>;
  /** By batch id, what became of each of its jobs. */
  readonly outcomes: ReadonlyMap<number, ReadonlyMap<string, Status>>;
  readonly broken: readonly string[];
}

/**
 * Reads the journal of one workflow as a history, from its beginning, and says where it contradicts itself: an entry that
 * does not begin where the one before ended is the trace of an update that was lost, a batch that ends twice or an id that
 * comes again that of a fence that did not hold. Entries of a workflow that another program writes, too, cannot be judged so.
 */
export function replayJournal(entries: readonly JournalEntry[]): Replayed {
  const windows = new Map<string, JournalWindow | null>();
  const outcomes = new Map<number, Map<string, Status>>();
  const broken: string[] = [];
  let greatestId = 0;

  const outcomesOf = (id: number): Map<string, Status> => {
    const known = outcomes.get(id) ?? new Map<string, Status>();
    outcomes.set(id, known);
    return known;
  };
  for (const [index, entry] of entries.entries()) {
    const tell = (what: string): void =>
      void broken.push(`entry ${index} (${entry.type}, batch ${entry.batchId}): ${what}`);
    if (entry.type === 'batch-opened' || entry.type === 'backfill-opened') {
      if (entry.batchId === null || entry.batchId <= greatestId) tell(`its id is not greater than ${greatestId}`);
      greatestId = Math.max(greatestId, entry.batchId ?? 0);
    }
    for (const { job, before, after } of entry.jobs) {
      const found = (what: string): void => tell(`${job}: ${what}`);
      if (entry.type.startsWith('backfill')) {
        const was = outcomesOf(entry.batchId ?? 0).get(job) ?? null;
        if ((before?.status ?? null) !== was) found(`begins as ${before?.status}, but was ${was}`);
        if (after !== null) outcomesOf(entry.batchId ?? 0).set(job, after.status);
        continue;
      }
      const was = windows.get(job) ?? null;
      if (entry.type !== 'workflow-adopted' && !sameWindow(was, before))
        found(`begins at ${show(before)}, but was ${show(was)}`);
      windows.set(job, after);
      for (const what of brokenMove(entry, before, after)) found(what);
      // Whatever takes a job from under an open batch makes that batch's part of it failed.
      const taken =
        before?.status === 'open' &&
        before.batchId !== null &&
        (after?.status !== 'open' || after.batchId !== before.batchId);
      if (taken && before?.batchId != null) outcomesOf(before.batchId).set(job, 'failed');
      const moves = entry.type === 'batch-opened' || entry.type === 'batch-closed' || entry.type === 'batch-failed';
      if (moves && after?.batchId != null) outcomesOf(after.batchId).set(job, after.status);
    }
  }
  return { windows, outcomes, broken };
}

/** Which rule of the window one entry breaks for one job. */
function brokenMove(entry: JournalEntry, before: JournalWindow | null, after: JournalWindow | null): string[] {
  switch (entry.type) {
    case 'batch-opened':
      return after === null ? ['opens nothing'] : brokenOpening(before, after);
    case 'batch-closed':
      if (before === null || before.batchId !== after?.batchId) return [`closes ${show(before)}, another batch`];
      if (before.status === 'failed' && entry.reason === null)
        return ['turns a failure into a success without a reason'];
      return before.status === 'open' || before.status === 'failed' ? [] : [`closes what is ${before.status}`];
    case 'batch-failed':
      if (before === null || before.batchId !== after?.batchId) return [`fails ${show(before)}, another batch`];
      return before.status === 'open' || before.status === 'success' ? [] : [`fails what is ${before.status}`];
    case 'job-edited':
      return entry.reason === null ? ['was edited without a reason'] : [];
    default:
      return [];
  }
}

/** A watermark moves forward only by a success; an open may lower a date and never raise one. */
function brokenOpening(before: JournalWindow | null, after: JournalWindow): string[] {
  if (after.fromDate === null || after.until === null || after.fromDate >= after.until)
    return [`opens the window ${show(after)}`];
  if (before === null) return [];
  const provenUpTo = before.status === 'success' ? before.until : before.fromDate;
  return provenUpTo !== null && after.fromDate > provenUpTo ? [`skips from ${show(before)} to ${show(after)}`] : [];
}

export function sameWindow(one: JournalWindow | null, other: JournalWindow | null): boolean {
  if (one === null || other === null) return one === other;
  // A merge keeps an end that its own entry does not tell.
  const sameEnd = one.until === null || other.until === null || one.until === other.until;
  return one.status === other.status && one.batchId === other.batchId && one.fromDate === other.fromDate && sameEnd;
}

export function show(window: JournalWindow | null): string {
  if (window === null) return 'nothing';
  const [from, until] = [window.fromDate, window.until].map((instant) =>
    instant === null ? '…' : formatInstant(instant),
  );
  return `${window.status} ${window.batchId ?? '-'} [${from}, ${until})`;
}
