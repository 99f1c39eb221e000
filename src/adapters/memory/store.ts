import { isLeftOut, type RecordWrite } from '../../domain/change.ts';
import { decodeRecord, encodeJournalEntry, encodeRecordJob, encodeRecordOpening } from '../../domain/change-text.ts';
import { assertDocumentChanges } from '../../domain/document-rules.ts';
import { nanosecondsPerSecond } from '../../domain/time.ts';
import { encodeParameters } from '../../domain/workflow.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Commit, CommitOutcome, DocumentGuard, Store, StoredWorkflowChange } from '../../ports/store.ts';
import type { MemoryDatabase } from './database.ts';
import { readDocument, writeDocument } from './documents.ts';

export function createMemoryStore(database: MemoryDatabase, clock: Clock): Store {
  return {
    async commit(commit): Promise<CommitOutcome> {
      assertDocumentChanges(commit.changes);
      const now = await clock.now();
      // From here to the end nothing is awaited: that is what makes the commit atomic.
      const known = database.operations.get(commit.operation.id);
      if (known !== undefined && known.expiresAt > now) return { kind: 'repeated', operation: known.operation };
      const isAsRead =
        commit.changes.every((change) =>
          change.kind === 'workflow' ? isAsExpected(database, change) : holds(database, change),
        ) && (commit.guards ?? []).every((guard) => holds(database, guard));
      if (!isAsRead) return { kind: 'conflict' };
      const sequences = writeCommit(database, commit);
      const { id, fingerprint, answer, keepSeconds } = commit.operation;
      const expiresAt = now + BigInt(keepSeconds) * nanosecondsPerSecond;
      database.operations.set(id, { operation: structuredClone({ id, fingerprint, answer }), expiresAt });
      for (const watcher of database.watchers) queueMicrotask(watcher);
      return { kind: 'committed', sequences };
    },
  };
}

function isAsExpected(database: MemoryDatabase, { name, expected }: StoredWorkflowChange): boolean {
  const stored = database.workflows.get(name);
  return (stored?.ledger ?? null) === expected.ledger && sameHead(stored?.head ?? null, expected.head);
}

function holds(database: MemoryDatabase, guard: DocumentGuard): boolean {
  return (readDocument(database, guard)?.revision ?? null) === guard.expected;
}

function sameHead(one: ReadonlyMap<string, string> | null, other: ReadonlyMap<string, string> | null): boolean {
  if (one === null || other === null) return one === other;
  return one.size === other.size && [...one].every(([job, text]) => other.get(job) === text);
}

function writeCommit(database: MemoryDatabase, { changes, journal }: Commit): number[] {
  for (const change of changes) {
    if (change.kind === 'document') {
      writeDocument(database, change);
      continue;
    }
    const { name, head, ledger, listing, records } = change;
    database.workflows.set(name, {
      head: head === null ? null : new Map(head),
      ledger,
      listing: head === null ? null : listing,
    });
    for (const record of records) writeRecord(database, name, record);
  }
  return journal.map((entry) => {
    const sequence = ++database.lastSequence;
    database.journal.push({ sequence, workflow: entry.workflow, text: encodeJournalEntry(entry) });
    return sequence;
  });
}

function writeRecord(database: MemoryDatabase, workflow: string, { id, opening, jobs, only }: RecordWrite): void {
  const records = database.records.get(workflow) ?? new Map();
  database.records.set(workflow, records);
  const stored = records.get(id);
  if (isLeftOut(only, stored === undefined ? null : decodeRecord(id, stored.opening, []).opening.kind)) return;
  const record = stored ?? { opening: encodeRecordOpening(opening), jobs: new Map(), copy: new Map() };
  records.set(id, record);
  for (const [job, { outcome, copy }] of jobs) {
    record.jobs.set(job, encodeRecordJob(outcome));
    if (copy !== null) record.copy.set(job, encodeParameters(copy));
  }
}
