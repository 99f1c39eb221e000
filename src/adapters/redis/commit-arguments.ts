import { provenWindow, type RecordJob, type RecordOpening, type RecordWrite } from '../../domain/change.ts';
import { encodeOperation } from '../../domain/archive-text.ts';
import { encodeJournalEntry, encodeRecordJob, encodeRecordOpening, formatOrNull } from '../../domain/change-text.ts';
import { floorToMicrosecond, formatInstant } from '../../domain/time.ts';
import { encodeParameters } from '../../domain/workflow.ts';
import type { Commit, DocumentGuard, StoredDocumentChange, StoredWorkflowChange } from '../../ports/store.ts';
import { keptDocument } from './document-text.ts';
import { keys, recordMember, schemaVersion, windowMember } from './keys.ts';

/**
 * A commit as the arguments of `commit.lua`: plain texts one after the other. The script's JSON would round numbers, cannot
 * tell an empty list from an empty map, and takes longer over texts that are JSON themselves.
 * The first of them is the number of those that follow.
 * @param token of this commit alone, by which a repeated sending is told from another's commit under the same operation
 */
export function commitArguments({ operation, changes, guards = [], journal }: Commit, token: string): string[] {
  const { id, keepSeconds } = operation;
  const flat = [
    '',
    String(schemaVersion),
    id,
    token,
    encodeOperation(operation),
    String(Math.max(1, Math.ceil(keepSeconds))),
  ];
  const workflows = changes.filter((change) => change.kind === 'workflow');
  flat.push(String(workflows.length));
  for (const change of workflows) pushChange(flat, change);
  const documents = changes.filter((change) => change.kind === 'document');
  flat.push(String(guards.length + documents.length));
  for (const guard of guards) flat.push(...guardArguments(guard), 'guard');
  for (const document of documents) pushDocument(flat, document);
  flat.push(String(journal.length));
  for (const entry of journal) flat.push(entry.workflow ?? '', encodeJournalEntry(entry));
  flat[0] = String(flat.length - 1);
  return flat;
}

function guardArguments(guard: DocumentGuard): [key: string, expected: string] {
  return [keys.document(guard), guard.expected === null ? '' : String(guard.expected)];
}

function pushDocument(flat: string[], { text, add, remove, ...guard }: StoredDocumentChange): void {
  const [key, expected] = guardArguments(guard);
  if (text === null) flat.push(key, expected, 'remove', '');
  else flat.push(key, expected, 'write', keptDocument({ revision: (guard.expected ?? 0) + 1, text }));
  for (const entries of [remove, add]) {
    flat.push(String(entries.length));
    for (const { index, member } of entries) flat.push(keys.index(index), member);
  }
}

/** One by one everywhere: a call takes only so many arguments, a workflow any number of jobs. */
function pushChange(flat: string[], { name, expected, head, ledger, listing, records }: StoredWorkflowChange): void {
  flat.push(name, String(expected.head?.size ?? 0));
  for (const [job, text] of expected.head ?? []) flat.push(job, text);
  flat.push(expected.ledger === null ? '0' : '1', expected.ledger ?? '');
  // A head without jobs cannot be told from none: Redis keeps no empty hash.
  flat.push(head === null || head.size === 0 ? '1' : '0');
  const changed = new Map([...(head ?? [])].filter(([job, text]) => expected.head?.get(job) !== text));
  flat.push(String(changed.size));
  for (const [job, text] of changed) flat.push(job, text);
  const deletions = head === null ? [] : [...(expected.head?.keys() ?? [])].filter((job) => !head.has(job));
  flat.push(String(deletions.length));
  for (const job of deletions) flat.push(job);
  flat.push(
    ledger,
    listing.status,
    formatInstant(listing.updatedAt),
    formatOrNull(listing.latestStart) ?? '-',
    String(records.length),
  );
  for (const record of records) pushRecord(flat, record, changed);
}

/** @param changed what the head says from now on: a copy that says the same is not sent a second time */
function pushRecord(
  flat: string[],
  { id, opening, jobs, only }: RecordWrite,
  changed: ReadonlyMap<string, string>,
): void {
  flat.push(id, recordMember(opening.number, id), encodeRecordOpening(opening), only, opening.kind, String(jobs.size));
  for (const [job, { outcome, copy }] of jobs) {
    const text = copy === null ? '' : encodeParameters(copy);
    flat.push(job, encodeRecordJob(outcome), windowOf(opening, outcome), text === changed.get(job) ? '=' : text);
  }
}

/** The member of the job's windows, or `''`. A window that is empty to the microsecond proves nothing. */
export function windowOf(opening: Pick<RecordOpening, 'kind' | 'number'>, outcome: RecordJob): string {
  const window = provenWindow(opening.kind, outcome);
  if (window === null || floorToMicrosecond(window.from) >= floorToMicrosecond(window.until)) return '';
  return windowMember(opening.number, window);
}
