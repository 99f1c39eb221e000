import { listingFields, readListing } from '../../domain/archive-text.ts';
import { provenWindow } from '../../domain/change.ts';
import { decodeJournalEntry, decodeRecord, decodeRecordJob } from '../../domain/change-text.ts';
import { BatchyError } from '../../domain/errors.ts';
import { quoteBriefly } from '../../domain/names.ts';
import type { ArchivedItem } from '../../ports/upkeep.ts';
import { journaledWorkflow, writeHead, writeLedger, writeOperation } from './commit-writer.ts';
import type { SqliteConnection } from './connection.ts';
import { archiveDocuments, restoreDocument } from './document-archive.ts';
import { decodeHeadFields, encodeHeadFields } from './head-text.ts';
import { insertRecord, writeEnd, writeRecordJob, writeWindow } from './record-writer.ts';

/** All that is stored, as it was when the first item was asked for. Ends the connection's read when it is left. */
export function* archiveAll(connection: SqliteConnection): Iterable<ArchivedItem> {
  connection.exec('BEGIN');
  try {
    yield* archiveWorkflows(connection);
    yield* archiveRecords(connection);
    for (const { sequence, entry } of connection.iterate<{ sequence: number; entry: string }>(
      'SELECT sequence, entry FROM journal ORDER BY sequence',
    )) {
      yield { kind: 'journal', sequence, entry };
    }
    for (const { id, remembered, expires_at } of connection.iterate<{
      id: string;
      remembered: string;
      expires_at: string;
    }>('SELECT id, remembered, expires_at FROM operations ORDER BY id')) {
      yield { kind: 'operation', id, text: remembered, expiresAt: expires_at };
    }
    yield* archiveDocuments(connection);
  } finally {
    connection.exec('COMMIT');
  }
}

interface WorkflowRow {
  readonly name: string;
  readonly head: string | null;
  readonly ledger: string | null;
  readonly status: string | null;
  readonly updated_at: string | null;
  readonly latest_start: string | null;
}

function* archiveWorkflows(connection: SqliteConnection): Iterable<ArchivedItem> {
  const rows = connection.iterate<WorkflowRow>(
    `SELECT coalesce(name, workflow) AS name, head, ledger, status, updated_at, latest_start
     FROM workflows FULL JOIN ledgers ON workflow = name ORDER BY 1`,
  );
  for (const { name, head, ledger, status, updated_at, latest_start } of rows) {
    yield {
      kind: 'workflow',
      name,
      head: head === null ? null : Object.fromEntries(decodeHeadFields(head)),
      ledger,
      listing: status === null ? null : { status, updated_at, latest_start },
    };
  }
}

function* archiveRecords(connection: SqliteConnection): Iterable<ArchivedItem> {
  const records = connection.iterate<{ key: number; workflow: string; id: string; opening: string }>(
    'SELECT key, workflow, id, opening FROM records ORDER BY workflow, id',
  );
  for (const { key, workflow, id, opening } of records) {
    const rows = connection.all<{ job: string; outcome: string | null; copy: string | null }>(
      'SELECT job, outcome, copy FROM record_jobs WHERE record = ? ORDER BY position',
      key,
    );
    const jobs = Object.fromEntries(
      rows.flatMap(({ job, outcome }) => (outcome === null ? [] : [[job, outcome] as const])),
    );
    const copies = rows.flatMap(({ job, copy }) => (copy === null ? [] : [[job, copy] as const]));
    yield {
      kind: 'record',
      workflow,
      id,
      opening,
      jobs,
      copy: copies.length === 0 ? null : Object.fromEntries(copies),
    };
  }
}

/** Whether nothing was ever written. */
export function isEmpty(connection: SqliteConnection): boolean {
  const tables = [
    'workflows',
    'ledgers',
    'records',
    'journal',
    'operations',
    'documents',
    'document_index',
    'sequences',
  ];
  return tables.every((table) => connection.get(`SELECT 1 FROM ${table} LIMIT 1`) === undefined);
}

/** @throws BatchyError `foreign-data` for an item that no store has written */
export function restoreItem(connection: SqliteConnection, item: ArchivedItem): void {
  try {
    if (item.kind === 'workflow') restoreWorkflow(connection, item);
    else if (item.kind === 'record') restoreRecord(connection, item);
    else if (item.kind === 'operation') writeOperation(connection, item.id, item.text, item.expiresAt);
    else if (item.kind === 'journal')
      connection.run(
        'INSERT INTO journal (sequence, workflow, entry) VALUES (?, ?, ?)',
        item.sequence,
        journaledWorkflow(decodeJournalEntry(item.entry)),
        item.entry,
      );
    else restoreDocument(connection, item);
  } catch (cause) {
    if (!(cause instanceof TypeError || cause instanceof SyntaxError)) throw cause;
    throw new BatchyError(
      'foreign-data',
      `The archive holds a ${item.kind} that cannot be read: ${quoteBriefly(cause.message)}. Nothing was taken in.`,
      { cause },
    );
  }
}

function restoreWorkflow(
  connection: SqliteConnection,
  { name, head, ledger, listing }: ArchivedItem & { kind: 'workflow' },
): void {
  if (head !== null) {
    const listed = listing === null ? null : listingFields(readListing(listing));
    writeHead(connection, name, encodeHeadFields(new Map(Object.entries(head))), listed);
  }
  if (ledger !== null) writeLedger(connection, name, ledger);
}

function restoreRecord(
  connection: SqliteConnection,
  { workflow, id, opening, jobs, copy }: ArchivedItem & { kind: 'record' },
): void {
  const { kind, number } = decodeRecord(id, opening, []).opening;
  const record = insertRecord(connection, workflow, id, { kind, number, text: opening });
  for (const [job, outcome] of Object.entries(jobs)) {
    writeRecordJob(connection, record.key, job, outcome, null);
    const window = provenWindow(kind, decodeRecordJob(outcome));
    if (window !== null) writeWindow(connection, { workflow, job, batchId: number }, window);
  }
  for (const [job, text] of Object.entries(copy ?? {})) writeRecordJob(connection, record.key, job, null, text);
  writeEnd(connection, record.key);
}
