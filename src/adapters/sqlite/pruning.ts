import { decodeJournalEntry } from '../../domain/change-text.ts';
import { isForgettable } from '../../domain/retention.ts';
import { formatInstant, type Instant } from '../../domain/time.ts';
import { readJobsOf } from './batch-reader.ts';
import { forgetExpired, readStored } from './commit-writer.ts';
import type { SqliteConnection } from './connection.ts';

/** Records looked at in one transaction: between two, others have their turn. */
const recordsAtOnce = 500;

/** Removes what is older than `before`, and operations that have expired by `now`. @returns how many; at most `limit` */
export async function prune(
  connection: SqliteConnection,
  before: Instant,
  limit: number,
  now: Instant,
): Promise<number> {
  const transact = <T>(work: () => T): Promise<T> => connection.whenFree(() => connection.transaction(work));
  let removed = await transact(() => pruneJournal(connection, before, limit));
  if (removed < limit) removed += await transact(() => forgetExpired(connection, now, limit - removed));
  let from: RecordPosition | null = { endedAt: '', key: 0 };
  while (from !== null && removed < limit) {
    const behind: RecordPosition = from;
    const page = await transact(() => pruneRecords(connection, before, behind, limit - removed));
    removed += page.removed;
    from = page.last;
  }
  return removed;
}

/** Only from the beginning: what is left of the journal has no holes. */
function pruneJournal(connection: SqliteConnection, before: Instant, limit: number): number {
  const rows = connection.all<{ sequence: number; entry: string }>(
    'SELECT sequence, entry FROM journal ORDER BY sequence LIMIT ?',
    limit,
  );
  const kept = rows.findIndex(({ entry }) => decodeJournalEntry(entry).at >= before);
  const last = rows.at(kept < 0 ? -1 : kept - 1);
  if (last === undefined || kept === 0) return 0;
  return connection.run('DELETE FROM journal WHERE sequence <= ?', last.sequence).changes;
}

/** Where a record stands in the order in which batches ended. */
interface RecordPosition {
  readonly endedAt: string;
  readonly key: number;
}

interface RecordRow {
  readonly key: number;
  readonly workflow: string;
  readonly id: string;
  readonly opening: string;
  readonly ended_at: string;
}

/** Looks at the next page of ended records behind `from`, and removes at most `limit` of them. */
function pruneRecords(
  connection: SqliteConnection,
  before: Instant,
  from: RecordPosition,
  limit: number,
): { removed: number; last: RecordPosition | null } {
  const page = connection.all<RecordRow>(
    `SELECT key, workflow, id, opening, ended_at FROM records WHERE ended_at < ? AND (ended_at, key) > (?, ?)
     ORDER BY ended_at, key LIMIT ?`,
    formatInstant(before),
    from.endedAt,
    from.key,
    recordsAtOnce,
  );
  let removed = 0;
  for (const row of page) {
    if (removed < limit && forgetRecord(connection, row, before)) removed += 1;
  }
  const last = page.at(-1);
  return { removed, last: last === undefined ? null : { endedAt: last.ended_at, key: last.key } };
}

/**
 * The record goes with its windows: the coverage is what the records that we have prove. That of a load has none, and its
 * number may be that of a batch which has.
 */
function forgetRecord(connection: SqliteConnection, row: RecordRow, before: Instant): boolean {
  const record = readJobsOf(connection, row);
  if (!isForgettable(record, readStored(connection, row.workflow).head, before)) return false;
  for (const job of record.opening.kind === 'init' ? [] : record.jobs.keys()) {
    connection.run(
      'DELETE FROM windows WHERE workflow = ? AND job = ? AND batch_id = ?',
      row.workflow,
      job,
      record.opening.number,
    );
  }
  connection.run('DELETE FROM records WHERE key = ?', row.key);
  return true;
}
