import { DatabaseSync } from 'node:sqlite';

export interface BareCommits {
  /** @param count items so far */
  readonly commit: (count: number) => void;
  readonly close: () => void;
}

/**
 * Commits of the size of a chunk step's on the settings of the embedded store: the document of the step, grown, and the
 * commit's id with the index of its expiry. They compare nothing with what is there.
 */
export function createBareCommits(file: string): BareCommits {
  const database = new DatabaseSync(file, { timeout: 0, enableForeignKeyConstraints: true });
  database.exec(`
    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY;
    PRAGMA trusted_schema = OFF; PRAGMA journal_size_limit = 67108864; PRAGMA wal_autocheckpoint = 4000;
    CREATE TABLE documents (collection TEXT NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL, text TEXT NOT NULL,
      PRIMARY KEY (collection, id)) STRICT;
    CREATE TABLE operations (id TEXT PRIMARY KEY, remembered TEXT NOT NULL, expires_at TEXT NOT NULL) STRICT;
    CREATE INDEX operations_by_expiry ON operations (expires_at);
  `);
  const put = database.prepare(
    `INSERT INTO documents VALUES ('step', '1:1', 1, ?)
     ON CONFLICT DO UPDATE SET revision = revision + 1, text = excluded.text`,
  );
  const remember = database.prepare('INSERT INTO operations VALUES (?, ?, ?)');
  const start = toMicroseconds(new Date());
  const origin = `1-${crypto.randomUUID()}`;
  return {
    commit(count) {
      database.exec('BEGIN IMMEDIATE');
      put.run(stepText(count, start, origin));
      remember.run(crypto.randomUUID(), '{"fingerprint":"","answer":null}', toMicroseconds(new Date()));
      database.exec('COMMIT');
    },
    close: () => database.close(),
  };
}

/** As long as the times of the store. */
function toMicroseconds(date: Date): string {
  return date.toISOString().replace('Z', '000');
}

/** The same fields as in the document of a chunk step, each as long. */
function stepText(count: number, start: string, origin: string): string {
  const ids = { id: 1, job_execution_id: 1, job_instance_id: 1, step_name: 'copy' };
  const times = { status: 'STARTED', start_time: start, end_time: null, exit_code: 'EXECUTING', exit_message: '' };
  const counts = { retry_count: 0, read_count: count, write_count: count, filter_count: 0, commit_count: count / 1000 };
  const faults = { rollback_count: 0, skip_count: 0, read_skip_count: 0, process_skip_count: 0, write_skip_count: 0 };
  const checkpoint = { origin, items: count, reader: { count }, writer: null, size: 1000 };
  return JSON.stringify({ ...ids, ...times, ...counts, ...faults, checkpoint });
}
