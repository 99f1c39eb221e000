import { type BatchRecord, type CoveredWindow, type JobMaps, recordKinds } from '../../domain/change.ts';
import { decodeRecord } from '../../domain/change-text.ts';
import { isJsonObject, parseJson } from '../../domain/json.ts';
import type { Parameters } from '../../domain/special-parameters.ts';
import { formatInstant, type Instant, parseInstant } from '../../domain/time.ts';
import type { BatchReader, RecordPage, WindowPage } from '../../ports/batch-reader.ts';
import type { Clock } from '../../ports/clock.ts';
import { findOperation, readStored } from './commit-writer.ts';
import type { SqliteConnection } from './connection.ts';
import { listWorkflows } from './workflow-list.ts';

/** Reads, each by an index. They see what was committed: a transaction of this connection is over before anything else runs. */
export function createSqliteReader(connection: SqliteConnection, clock: Clock): BatchReader {
  const read = <T>(work: () => T): Promise<T> => connection.whenFree(work);
  return {
    async load(workflow) {
      const stored = await read(() => readStored(connection, workflow));
      // The clock last: else another process could commit in between what began after our now.
      return { ...stored, now: await clock.now() };
    },
    recall: async () => null,
    peek: (workflow) => read(() => readStored(connection, workflow)),
    record: (workflow, id) => read(() => readRecord(connection, workflow, id)),
    copy: (workflow, id) => read(() => readCopy(connection, workflow, id)),
    records: (workflow, page) => read(() => readRecords(connection, workflow, page)),
    windows: (workflow, job, page) => read(() => readWindows(connection, workflow, job, page)),
    workflows: (page) => read(() => listWorkflows(connection, page)),
    startedAfter: (instant, limit) => read(() => readStartedAfter(connection, instant, limit)),
    async operation(id) {
      const now = await clock.now();
      return read(() => findOperation(connection, id, now));
    },
  };
}

interface RecordRow {
  readonly key: number;
  readonly id: string;
  readonly opening: string;
}

function readRecord(connection: SqliteConnection, workflow: string, id: string): BatchRecord | null {
  const row = connection.get<RecordRow>(
    'SELECT key, id, opening FROM records WHERE workflow = ? AND id = ?',
    workflow,
    id,
  );
  return row === undefined ? null : readJobsOf(connection, row);
}

export function readJobsOf(connection: SqliteConnection, { key, id, opening }: RecordRow): BatchRecord {
  const jobs = connection.all<{ job: string; outcome: string }>(
    'SELECT job, outcome FROM record_jobs WHERE record = ? AND outcome IS NOT NULL ORDER BY position',
    key,
  );
  return decodeRecord(
    id,
    opening,
    jobs.map(({ job, outcome }) => [job, outcome] as const),
  );
}

function readCopy(connection: SqliteConnection, workflow: string, id: string): JobMaps | null {
  const rows = connection.all<{ job: string; copy: string }>(
    `SELECT job, copy FROM record_jobs WHERE record = (SELECT key FROM records WHERE workflow = ? AND id = ?) AND copy IS NOT NULL
     ORDER BY position`,
    workflow,
    id,
  );
  return rows.length === 0 ? null : new Map(rows.map(({ job, copy }) => [job, decodeCopy(copy)]));
}

function decodeCopy(text: string): Parameters {
  const value = parseJson(text);
  return new Map(isJsonObject(value) ? Object.entries(value) : []);
}

/** Each kind is in order in the index; a page of several kinds is merged from a page of each. */
function readRecords(
  connection: SqliteConnection,
  workflow: string,
  { before, limit, kinds }: RecordPage,
): BatchRecord[] {
  const { number, id } = before ?? { number: Number.MAX_SAFE_INTEGER, id: '' };
  const rows = (kinds.length === 0 ? recordKinds : kinds).flatMap((kind) =>
    connection.all<{ key: number; number: number; id: string }>(
      `SELECT key, number, id FROM records WHERE workflow = ? AND kind = ? AND (number, id) < (?, ?) ORDER BY number DESC, id DESC LIMIT ?`,
      workflow,
      kind,
      number,
      id,
      limit,
    ),
  );
  const newestFirst = rows.sort((one, other) => other.number - one.number || (one.id < other.id ? 1 : -1));
  return newestFirst.slice(0, limit).map(({ key }) => {
    const row = connection.get<RecordRow>('SELECT key, id, opening FROM records WHERE key = ?', key);
    return readJobsOf(connection, row as RecordRow);
  });
}

function readWindows(
  connection: SqliteConnection,
  workflow: string,
  job: string,
  { after, limit }: WindowPage,
): CoveredWindow[] {
  const rows = connection.all<{ batch_id: number; from_at: string; until_at: string }>(
    `SELECT batch_id, from_at, until_at FROM windows WHERE workflow = ? AND job = ? AND (until_at, batch_id) > (?, ?)
     ORDER BY until_at, batch_id LIMIT ?`,
    workflow,
    job,
    after === null ? '' : formatInstant(after.until),
    after?.batchId ?? 0,
    limit,
  );
  return rows.map((row) => ({
    job,
    batchId: row.batch_id,
    from: readInstant(row.from_at),
    until: readInstant(row.until_at),
  }));
}

function readStartedAfter(connection: SqliteConnection, instant: Instant, limit: number): string[] {
  const rows = connection.all<{ name: string }>(
    'SELECT name FROM workflows WHERE latest_start > ? ORDER BY latest_start, name LIMIT ?',
    formatInstant(instant),
    limit,
  );
  return rows.map(({ name }) => name);
}

function readInstant(text: string): Instant {
  const instant = parseInstant(text);
  if (instant === null) throw new TypeError(`no instant: ${text}`);
  return instant;
}
