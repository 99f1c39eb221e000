import type { BatchRecord } from './change.ts';
import { parseJson } from './json.ts';
import type { Instant } from './time.ts';

/**
 * Whether a record may be forgotten: it is ours, all of its jobs ended before `before`, and no job of the workflow still
 * shows its batch. A head that cannot be read keeps every record.
 */
export function isForgettable(record: BatchRecord, head: ReadonlyMap<string, string> | null, before: Instant): boolean {
  if (record.opening.kind === 'foreign' || record.opening.openedAt >= before) return false;
  for (const { status, batchEnd } of record.jobs.values()) {
    if (status === 'open' || (batchEnd !== null && batchEnd >= before)) return false;
  }
  return (
    record.opening.kind === 'init' ||
    ![...(head?.values() ?? [])].some((text) => mayShowBatch(text, record.opening.number))
  );
}

function mayShowBatch(text: string, batchId: number): boolean {
  try {
    return (parseJson(text) as { batch_id?: unknown } | null)?.batch_id === batchId;
  } catch {
    return true;
  }
}
