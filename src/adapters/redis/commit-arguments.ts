import { provenWindow, type RecordJob, type RecordOpening, type RecordWrite } from '../../domain/change.ts';
import { encodeOperation } from '../../domain/archive-text.ts';
import { encodeJournalEntry, encodeRecordJob, encodeRecordOpening, formatOrNull } from '../../domain/change-text.ts';
import { floorToMicrosecond, formatInstant } from '../../domain/time.ts';
import { encodeParameters } from '../../domain/workflow.ts';
import type { Commit, DocumentGuard, StoredWorkflowChange } from '../../ports/store.ts';
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
  pushDocuments(flat, changes, guards);
  flat.push(String(journal.length));
  let ofWorkflows = 0;
  for (const entry of journal) {
    flat.push(encodeJournalEntry(entry));
    if (entry.workflow !== null) ofWorkflows += 1;
  }
  flat.push(String(ofWorkflows));
  if (ofWorkflows > 0)
    for (const [place, { workflow }] of journal.entries())
      if (workflow !== null) flat.push(String(place + 1), workflow);
  flat[0] = String(flat.length - 1);
  return flat;
}

/**
 * Those that are new, those that change (the new text begins with the revision, which tells what must be there), those that must be
 * at a revision; keys that go; members of indexes that go, and that come. Each kind together, so that the script hands on what it got.
 */
function pushDocuments(flat: string[], changes: Commit['changes'], guards: readonly DocumentGuard[]): void {
  const made: string[] = [];
  const changed: string[] = [];
  const guarded: string[] = [];
  const removed: string[] = [];
  const drops: string[] = [];
  const puts: string[] = [];
  for (const guard of guards) guarded.push(keys.document(guard), expectedText(guard));
  for (const change of changes) {
    if (change.kind !== 'document') continue;
    const { text, expected } = change;
    const key = keys.document(change);
    if (text === null) {
      guarded.push(key, expectedText(change));
      removed.push(key);
    } else (expected === null ? made : changed).push(key, keptDocument({ revision: (expected ?? 0) + 1, text }));
    for (const { index, member } of change.remove) drops.push(keys.index(index), member);
    for (const { index, member } of change.add) puts.push(keys.index(index), member);
  }
  for (const pairs of [made, changed, guarded]) flat.push(String(pairs.length / 2), ...pairs);
  flat.push(String(removed.length), ...removed);
  for (const pairs of [drops, puts]) flat.push(String(pairs.length / 2), ...pairs);
}

function expectedText({ expected }: DocumentGuard): string {
  return expected === null ? '' : String(expected);
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
