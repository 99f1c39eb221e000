import type { BatchRecord, JobMaps } from '../domain/change.ts';
import { formatOrNull, journalEntryFields, recordJobFields } from '../domain/change-text.ts';
import type { JobCoverage, Stretch } from '../domain/coverage.ts';
import { formatInstant } from '../domain/time.ts';
import type { Preview } from '../service/batches.ts';
import { type History, recordStatus } from '../service/history.ts';
import type { WaitResult } from '../service/waits.ts';
import { maskSecrets } from './masking.ts';

/** What the services give, as it is answered: snake_case, instants as text. */

type JournaledEntry = Awaited<ReturnType<History['journal']>>[number];

export function previewFields(workflow: string, preview: Preview): Record<string, unknown> {
  return {
    workflow,
    as_of: formatInstant(preview.asOf),
    batch_id: preview.batchId,
    jobs: preview.jobs.map(({ job, window, refusal }) => ({
      job,
      from_date: window === null ? null : formatInstant(window.from),
      until: window === null ? null : formatInstant(window.until),
      rule: window?.rule ?? null,
      refused: refusal === null ? null : { code: refusal.code, detail: refusal.detail },
    })),
  };
}

/** `batch_id` is the number (of the load, for a configuration's record), `id` what the record is found by. */
export function recordFields(record: BatchRecord): Record<string, unknown> {
  const { kind, number, openedAt, openedBy } = record.opening;
  return {
    batch_id: number,
    id: record.id,
    kind,
    status: recordStatus(record),
    opened_at: formatInstant(openedAt),
    opened_by: openedBy,
    jobs: Object.fromEntries([...record.jobs].map(([job, outcome]) => [job, recordJobFields(outcome)])),
  };
}

/** A record with the parameters that its copy holds, secrets masked. */
export function recordWithParameters(record: BatchRecord, copy: JobMaps): Record<string, unknown> {
  const parameters = Object.fromEntries([...copy].map(([job, map]) => [job, maskSecrets(map)]));
  return { ...recordFields(record), parameters };
}

export function coverageFields(
  workflow: string,
  { jobs, truncated }: { jobs: readonly JobCoverage[]; truncated: boolean },
): Record<string, unknown> {
  return {
    workflow,
    truncated,
    jobs: jobs.map(({ job, windows, gaps, overlaps }) => ({
      job,
      windows: windows.map((window) => ({ batch_id: window.batchId, ...stretchFields(window) })),
      gaps: gaps.map(stretchFields),
      overlaps: overlaps.map((overlap) => ({ ...stretchFields(overlap), batch_ids: overlap.batchIds })),
    })),
  };
}

function stretchFields({ from, until }: Stretch): { from: string; until: string } {
  return { from: formatInstant(from), until: formatInstant(until) };
}

export function journaledFields({ sequence, entry }: JournaledEntry): Record<string, unknown> {
  return { sequence, ...journalEntryFields(entry) };
}

export function waitFields(workflow: string, { ready, date, asOf, jobs }: WaitResult): Record<string, unknown> {
  return {
    workflow,
    ready,
    date,
    as_of: formatInstant(asOf),
    jobs: jobs.map((waiting) => ({
      job: waiting.job,
      ready: waiting.ready,
      status: waiting.status,
      since: formatOrNull(waiting.since),
      last_success: formatOrNull(waiting.lastSuccess),
      median_duration_seconds: waiting.medianDurationSeconds,
      why: waiting.why,
    })),
  };
}
