import { decodeOperation, encodeOperation, listingFields } from '../../domain/archive-text.ts';
import type { JournalEntry } from '../../domain/change.ts';
import { encodeJournalEntry } from '../../domain/change-text.ts';
import { formatInstant, type Instant, latestInstant, minInstant, nanosecondsPerSecond } from '../../domain/time.ts';
import type { StoredWorkflow } from '../../domain/workflow.ts';
import type { Commit, CommitOutcome, Operation, StoredOperation, StoredWorkflowChange } from '../../ports/store.ts';
import type { SqliteConnection } from './connection.ts';
import { holdsRevision, writeDocument } from './documents.ts';
import { decodeHeadFields, encodeHeadFields } from './head-text.ts';
import { writeRecord } from './record-writer.ts';

/**
 * Applies a commit, or finds that it must not be. Runs inside a transaction that may hold other commits: all is compared
 * before the first write, so that a commit that is refused has written nothing.
 */
export function applyCommit(connection: SqliteConnection, commit: Commit, now: Instant): CommitOutcome {
  const repeated = findOperation(connection, commit.operation.id, now);
  if (repeated !== null) return { kind: 'repeated', operation: repeated };
  for (const change of commit.changes) {
    const isAsRead =
      change.kind === 'workflow'
        ? holdsExactly(readStored(connection, change.name), change.expected)
        : holdsRevision(connection, change);
    if (!isAsRead) return { kind: 'conflict' };
  }
  for (const guard of commit.guards ?? []) if (!holdsRevision(connection, guard)) return { kind: 'conflict' };
  for (const change of commit.changes) {
    if (change.kind === 'workflow') writeWorkflow(connection, change);
    else writeDocument(connection, change);
  }
  const sequences = commit.journal.map((entry) => appendJournal(connection, entry));
  remember(connection, commit.operation, now);
  return { kind: 'committed', sequences };
}

export function readStored(connection: SqliteConnection, workflow: string): StoredWorkflow {
  const row = connection.get<{ head: string | null; ledger: string | null }>(
    'SELECT (SELECT head FROM workflows WHERE name = ?1) AS head, (SELECT ledger FROM ledgers WHERE workflow = ?1) AS ledger',
    workflow,
  );
  return { head: typeof row?.head === 'string' ? decodeHeadFields(row.head) : null, ledger: row?.ledger ?? null };
}

/** By content; the order of the fields is none of a hash's, and the ledger keeps it anyway. */
function holdsExactly(stored: StoredWorkflow, expected: StoredWorkflow): boolean {
  if (stored.ledger !== expected.ledger) return false;
  if (stored.head === null || expected.head === null || stored.head === expected.head)
    return stored.head === expected.head;
  return (
    stored.head.size === expected.head.size && [...expected.head].every(([job, text]) => stored.head?.get(job) === text)
  );
}

function writeWorkflow(
  connection: SqliteConnection,
  { name, head, ledger, listing, records }: StoredWorkflowChange,
): void {
  // A Redis knows no empty hash: a head without jobs is none.
  if (head === null || head.size === 0) connection.run('DELETE FROM workflows WHERE name = ?', name);
  else writeHead(connection, name, encodeHeadFields(head), listingFields(listing));
  writeLedger(connection, name, ledger);
  for (const record of records) writeRecord(connection, name, record);
}

export function writeHead(
  connection: SqliteConnection,
  name: string,
  head: string,
  listing: ReturnType<typeof listingFields> | null,
): void {
  connection.run(
    `INSERT INTO workflows (name, head, status, updated_at, latest_start) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET head = excluded.head, status = excluded.status, updated_at = excluded.updated_at, latest_start = excluded.latest_start`,
    name,
    head,
    listing?.status ?? null,
    listing?.updated_at ?? null,
    listing?.latest_start ?? null,
  );
}

export function writeLedger(connection: SqliteConnection, workflow: string, ledger: string): void {
  connection.run(
    'INSERT INTO ledgers (workflow, ledger) VALUES (?, ?) ON CONFLICT (workflow) DO UPDATE SET ledger = excluded.ledger',
    workflow,
    ledger,
  );
}

function appendJournal(connection: SqliteConnection, entry: JournalEntry): number {
  return connection.run(
    'INSERT INTO journal (workflow, entry) VALUES (?, ?)',
    journaledWorkflow(entry),
    encodeJournalEntry(entry),
  ).lastRowId;
}

/** What an entry is found by: the workflow's name, or `''` for none. */
export function journaledWorkflow({ workflow }: JournalEntry): string {
  return workflow ?? '';
}

/** The operation, unless the time for which it is remembered is over. */
export function findOperation(connection: SqliteConnection, id: string, now: Instant): StoredOperation | null {
  const row = connection.get<{ remembered: string; expires_at: string }>(
    'SELECT remembered, expires_at FROM operations WHERE id = ?',
    id,
  );
  // Almost always there is none, and then the time need not be put into words.
  return row === undefined || row.expires_at <= formatInstant(now) ? null : { id, ...decodeOperation(row.remembered) };
}

function remember(
  connection: SqliteConnection,
  { id, fingerprint, answer, keepSeconds }: Operation,
  now: Instant,
): void {
  // In whole seconds, rounded up: put into words once a second, rather than for each commit.
  const seconds = (now - 1n) / nanosecondsPerSecond + 1n + BigInt(keepSeconds);
  const expiresAt = minInstant(seconds * nanosecondsPerSecond, latestInstant);
  writeOperation(connection, id, encodeOperation({ fingerprint, answer }), formatInstant(expiresAt));
}

export function writeOperation(connection: SqliteConnection, id: string, remembered: string, expiresAt: string): void {
  connection.run(
    'INSERT OR REPLACE INTO operations (id, remembered, expires_at) VALUES (?, ?, ?)',
    id,
    remembered,
    expiresAt,
  );
}

/** Forgets operations whose time is over; at most `limit`. @returns how many */
export function forgetExpired(connection: SqliteConnection, now: Instant, limit: number): number {
  return connection.run(
    'DELETE FROM operations WHERE id IN (SELECT id FROM operations WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)',
    formatInstant(now),
    limit,
  ).changes;
}
