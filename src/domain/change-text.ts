import type {
  BatchRecord,
  JournalEntry,
  JournalExecution,
  JournalJob,
  JournalWindow,
  RecordJob,
  RecordOpening,
} from './change.ts';
import type { BatchStatus } from './execution.ts';
import { formatInstant, type Instant, parseInstant } from './time.ts';

/** How records and journal entries are stored: JSON in snake_case, the same in every store and on the wire. */

/** JSON text of a journal entry, without its sequence number. */
export function encodeJournalEntry(entry: JournalEntry): string {
  return JSON.stringify(journalEntryFields(entry));
}

const noJobs: readonly unknown[] = [];

/** The wire form of a journal entry. */
export function journalEntryFields(entry: JournalEntry): Record<string, unknown> {
  const jobs = entry.jobs.length === 0 ? noJobs : entry.jobs.map(journalJobFields);
  const { type, workflow, by, reason, batchId: batch_id, execution } = entry;
  const at = formatInstant(entry.at);
  if (execution === undefined) return { type, workflow, at, by, reason, batch_id, jobs };
  return { type, workflow, at, by, reason, batch_id, jobs, execution: executionFields(execution) };
}

function journalJobFields({ job, before, after, changed }: JournalJob): Record<string, unknown> {
  return {
    job,
    before: windowFields(before),
    after: windowFields(after),
    ...(changed === undefined ? {} : { changed }),
  };
}

function executionFields({ id, jobName, stepName, before, after }: JournalExecution): Record<string, unknown> {
  return { id, job_name: jobName, step_name: stepName, before, after };
}

function windowFields(window: JournalWindow | null): Record<string, unknown> | null {
  if (window === null) return null;
  return {
    status: window.status,
    batch_id: window.batchId,
    from_date: formatOrNull(window.fromDate),
    until: formatOrNull(window.until),
  };
}

/** @throws SyntaxError, TypeError for text that `encodeJournalEntry` did not write */
export function decodeJournalEntry(text: string): JournalEntry {
  const fields = JSON.parse(text) as Record<string, unknown>;
  const jobs = fields['jobs'] as Record<string, unknown>[];
  return {
    type: fields['type'] as JournalEntry['type'],
    workflow: fields['workflow'] as string | null,
    at: readInstant(fields['at']),
    by: fields['by'] as string,
    reason: fields['reason'] as string | null,
    batchId: fields['batch_id'] as number | null,
    jobs: jobs.map((job): JournalJob => {
      const changed = job['changed'] as string[] | undefined;
      return {
        job: job['job'] as string,
        before: readWindow(job['before']),
        after: readWindow(job['after']),
        ...(changed === undefined ? {} : { changed }),
      };
    }),
    ...(fields['execution'] === undefined ? {} : { execution: readExecution(fields['execution']) }),
  };
}

const executionChanged = '{"type":"execution-changed"';
const statusAfter = /"after":"([A-Z]+)"\}\}$/;

/**
 * What an execution became by an entry, without reading the rest of it; `null` for an entry of anything else. An entry begins
 * with its type and ends with what became of an execution (`journalEntryFields`); nobody else's text can stand there.
 */
export function executionStatusOf(text: string): BatchStatus | null {
  if (!text.startsWith(executionChanged)) return null;
  return (statusAfter.exec(text)?.[1] ?? null) as BatchStatus | null;
}

const stepChanged = '{"type":"step-changed"';
const offered = '"after":"STARTING"}}';

/** Whether an entry tells that a part of an execution was offered to other conductors, without reading the rest of it: no other step is STARTING. */
export function isOffer(text: string): boolean {
  return text.startsWith(stepChanged) && text.endsWith(offered);
}

function readExecution(value: unknown): JournalExecution {
  const fields = value as Record<string, unknown>;
  return {
    id: fields['id'] as number,
    jobName: fields['job_name'] as string,
    stepName: fields['step_name'] as string | null,
    before: fields['before'] as JournalExecution['before'],
    after: fields['after'] as JournalExecution['after'],
  };
}

function readWindow(value: unknown): JournalWindow | null {
  if (value === null || value === undefined) return null;
  const fields = value as Record<string, unknown>;
  return {
    status: fields['status'] as JournalWindow['status'],
    batchId: fields['batch_id'] as number | null,
    fromDate: readInstantOrNull(fields['from_date']),
    until: readInstantOrNull(fields['until']),
  };
}

export function encodeRecordOpening(opening: RecordOpening): string {
  return JSON.stringify({
    kind: opening.kind,
    number: opening.number,
    opened_at: formatInstant(opening.openedAt),
    opened_by: opening.openedBy,
    ...(opening.owner === undefined ? {} : { owner: opening.owner }),
  });
}

export function encodeRecordJob(job: RecordJob): string {
  return JSON.stringify(recordJobFields(job));
}

/** The wire form of what became of a job in a batch. */
export function recordJobFields(job: RecordJob): Record<string, unknown> {
  return {
    status: job.status,
    from_date: formatOrNull(job.fromDate),
    until: formatOrNull(job.until),
    batch_start: formatOrNull(job.batchStart),
    batch_end: formatOrNull(job.batchEnd),
    reason: job.reason,
    ended_by: job.endedBy,
  };
}

/** A record from its stored texts: the opening's, and each job's. */
export function decodeRecord(id: string, opening: string, jobs: Iterable<readonly [string, string]>): BatchRecord {
  const fields = JSON.parse(opening) as Record<string, unknown>;
  return {
    id,
    opening: {
      kind: fields['kind'] as RecordOpening['kind'],
      number: fields['number'] as number,
      openedAt: readInstant(fields['opened_at']),
      openedBy: fields['opened_by'] as string,
      ...(fields['owner'] === undefined ? {} : { owner: fields['owner'] as string }),
    },
    jobs: new Map([...jobs].map(([job, text]) => [job, decodeRecordJob(text)])),
  };
}

export function decodeRecordJob(text: string): RecordJob {
  const fields = JSON.parse(text) as Record<string, unknown>;
  return {
    status: fields['status'] as RecordJob['status'],
    fromDate: readInstantOrNull(fields['from_date']),
    until: readInstantOrNull(fields['until']),
    batchStart: readInstantOrNull(fields['batch_start']),
    batchEnd: readInstantOrNull(fields['batch_end']),
    reason: fields['reason'] as string | null,
    endedBy: fields['ended_by'] as string | null,
  };
}

export function formatOrNull(instant: Instant | null): string | null {
  return instant === null ? null : formatInstant(instant);
}

function readInstantOrNull(value: unknown): Instant | null {
  return value === null || value === undefined ? null : readInstant(value);
}

function readInstant(value: unknown): Instant {
  const instant = typeof value === 'string' ? parseInstant(value) : null;
  if (instant === null) throw new TypeError(`no instant: ${String(value)}`);
  return instant;
}
