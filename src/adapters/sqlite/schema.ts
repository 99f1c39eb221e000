/**
 * The tables, version by version: a file's `user_version` says how many of these steps it has taken. A step that was
 * released is never edited; a change is a new step at the end.
 *
 * Instants are stored as the domain writes them (`2026-11-21T21:53:34.230000`): SQLite's 64 bits hold nanoseconds of the
 * years 1677 to 2262 only, and this text sorts from the year 1 to 9999. JSON texts are stored verbatim, since what was read
 * is compared with what is there.
 */
export const schemaSteps: readonly string[] = [
  `
  -- What a Redis keeps as the hash of a workflow. head: a JSON list of [job, text], which keeps the order even of jobs
  -- named "2", "1". The rest is for lists; NULL where a head came in that was in none, until it is touched or reindexed.
  CREATE TABLE workflows (
    name TEXT PRIMARY KEY,
    head TEXT NOT NULL,
    status TEXT,
    updated_at TEXT,
    latest_start TEXT
  ) STRICT;
  CREATE INDEX workflows_by_status ON workflows (status, name);
  CREATE INDEX workflows_by_update ON workflows (updated_at, name);
  CREATE INDEX workflows_by_status_and_update ON workflows (status, updated_at, name);
  CREATE INDEX workflows_by_start ON workflows (latest_start, name) WHERE latest_start IS NOT NULL;

  -- Apart from the heads, because a ledger outlives its workflow: ids go on growing should the name come back.
  CREATE TABLE ledgers (workflow TEXT PRIMARY KEY, ledger TEXT NOT NULL) STRICT;

  -- ended_at: when the batch ended and may grow old; NULL while it is open, and always for another program's.
  CREATE TABLE records (
    key INTEGER PRIMARY KEY,
    workflow TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    number INTEGER NOT NULL,
    opening TEXT NOT NULL,
    ended_at TEXT,
    UNIQUE (workflow, id)
  ) STRICT;
  CREATE INDEX records_by_kind ON records (workflow, kind, number, id);
  CREATE INDEX records_by_end ON records (ended_at) WHERE ended_at IS NOT NULL;

  -- copy: the job's map as other programs read it; outcome is NULL for a job that only the copy knows.
  CREATE TABLE record_jobs (
    record INTEGER NOT NULL REFERENCES records (key) ON DELETE CASCADE,
    job TEXT NOT NULL,
    position INTEGER NOT NULL,
    outcome TEXT,
    copy TEXT,
    PRIMARY KEY (record, job)
  ) STRICT, WITHOUT ROWID;

  -- The coverage: derived from the records, in their commits.
  CREATE TABLE windows (
    workflow TEXT NOT NULL,
    job TEXT NOT NULL,
    batch_id INTEGER NOT NULL,
    from_at TEXT NOT NULL,
    until_at TEXT NOT NULL,
    PRIMARY KEY (workflow, job, batch_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX windows_by_end ON windows (workflow, job, until_at, batch_id);

  -- AUTOINCREMENT: a sequence number is never given twice, also after the last entries were pruned.
  CREATE TABLE journal (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    workflow TEXT NOT NULL,
    entry TEXT NOT NULL
  ) STRICT;
  CREATE INDEX journal_by_workflow ON journal (workflow, sequence);

  -- remembered: JSON of fingerprint and answer.
  CREATE TABLE operations (id TEXT PRIMARY KEY, remembered TEXT NOT NULL, expires_at TEXT NOT NULL) STRICT;
  CREATE INDEX operations_by_expiry ON operations (expires_at);
  `,
  `
  -- From here on journal.workflow is '' for an entry of no workflow: to allow NULL would copy all of the journal.

  CREATE TABLE documents (
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (collection, id)
  ) STRICT;

  CREATE TABLE document_index (
    index_name TEXT NOT NULL,
    member TEXT NOT NULL,
    PRIMARY KEY (index_name, member)
  ) STRICT, WITHOUT ROWID;

  -- last: the greatest number that was given.
  CREATE TABLE sequences (name TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  `,
];

export const schemaVersion = schemaSteps.length;

/** In the header of our files ("BtcS"), so that another program's database is not taken for an empty one. */
export const applicationId = 0x42746353;
