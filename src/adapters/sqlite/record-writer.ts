import { isLeftOut, provenWindow, type RecordJob, type RecordKind, type RecordWrite } from '../../domain/change.ts';
import { encodeRecordJob, encodeRecordOpening } from '../../domain/change-text.ts';
import { floorToMicrosecond, formatInstant } from '../../domain/time.ts';
import { encodeParameters } from '../../domain/workflow.ts';
import type { SqliteConnection } from './connection.ts';

interface RecordRow {
  readonly key: number;
  readonly kind: RecordKind;
  readonly number: number;
}

/** Writes what became of the jobs of a batch, and the coverage that follows from it. */
export function writeRecord(connection: SqliteConnection, workflow: string, write: RecordWrite): void {
  const stored = connection.get<RecordRow>(
    'SELECT key, kind, number FROM records WHERE workflow = ? AND id = ?',
    workflow,
    write.id,
  );
  if (isLeftOut(write.only, stored?.kind ?? null)) return;
  const record =
    stored ??
    insertRecord(connection, workflow, write.id, { ...write.opening, text: encodeRecordOpening(write.opening) });
  for (const [job, { outcome, copy }] of write.jobs) {
    writeRecordJob(
      connection,
      record.key,
      job,
      encodeRecordJob(outcome),
      copy === null ? null : encodeParameters(copy),
    );
    // The load of a configuration proves nothing, but its number may be that of a batch, whose windows are not to be touched.
    if (record.kind === 'init') continue;
    const window = provenWindow(record.kind, asStored(outcome));
    // A record that was not there has none that could be taken back.
    if (window !== null || stored !== undefined)
      writeWindow(connection, { workflow, job, batchId: record.number }, window);
  }
  const isOpened = stored === undefined && [...write.jobs.values()].some(({ outcome }) => outcome.status === 'open');
  if (!isOpened) writeEnd(connection, record.key);
}

/** With its window to the microsecond, as the record's text has it: the coverage must say the same. */
function asStored(outcome: RecordJob): RecordJob {
  const { fromDate, until } = outcome;
  return {
    ...outcome,
    fromDate: fromDate === null ? null : floorToMicrosecond(fromDate),
    until: until === null ? null : floorToMicrosecond(until),
  };
}

export function insertRecord(
  connection: SqliteConnection,
  workflow: string,
  id: string,
  { kind, number, text }: { readonly kind: RecordKind; readonly number: number; readonly text: string },
): RecordRow {
  const { lastRowId } = connection.run(
    'INSERT INTO records (workflow, id, kind, number, opening) VALUES (?, ?, ?, ?, ?)',
    workflow,
    id,
    kind,
    number,
    text,
  );
  return { key: lastRowId, kind, number };
}

export function writeRecordJob(
  connection: SqliteConnection,
  record: number,
  job: string,
  outcome: string | null,
  copy: string | null,
): void {
  connection.run(
    `INSERT INTO record_jobs (record, job, position, outcome, copy)
     VALUES (?1, ?2, (SELECT count(*) FROM record_jobs WHERE record = ?1), ?3, ?4)
     ON CONFLICT (record, job) DO UPDATE SET outcome = coalesce(excluded.outcome, outcome), copy = coalesce(excluded.copy, copy)`,
    record,
    job,
    outcome,
    copy,
  );
}

export function writeWindow(
  connection: SqliteConnection,
  { workflow, job, batchId }: { readonly workflow: string; readonly job: string; readonly batchId: number },
  window: ReturnType<typeof provenWindow>,
): void {
  if (window === null) {
    connection.run('DELETE FROM windows WHERE workflow = ? AND job = ? AND batch_id = ?', workflow, job, batchId);
    return;
  }
  connection.run(
    'INSERT OR REPLACE INTO windows (workflow, job, batch_id, from_at, until_at) VALUES (?, ?, ?, ?, ?)',
    workflow,
    job,
    batchId,
    formatInstant(window.from),
    formatInstant(window.until),
  );
}

/** Notes when the batch ended, from which on it may grow old and be pruned. */
export function writeEnd(connection: SqliteConnection, record: number): void {
  connection.run(
    `UPDATE records SET ended_at = CASE kind WHEN 'foreign' THEN NULL ELSE (
       SELECT CASE WHEN sum(outcome ->> 'status' = 'open') > 0 THEN NULL
                   ELSE max(coalesce(max(outcome ->> 'batch_end'), ''), opening ->> 'opened_at') END
       FROM record_jobs WHERE record = ?1) END
     WHERE key = ?1`,
    record,
  );
}
