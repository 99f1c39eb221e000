import { readDocument } from '../../../src/adapters/redis/document-text.ts';
import { keys } from '../../../src/adapters/redis/keys.ts';
import { decodeJournalEntry } from '../../../src/domain/change-text.ts';
import type { Command } from './append-only-file.ts';
import type { DocumentWrite, SequencedEntry, StoredCommit } from './history.ts';

const documentPrefix = keys.document({ collection: '', id: '' }).slice(0, -1);
const operationPrefix = keys.operation('');

interface Commit extends StoredCommit {
  readonly writes: DocumentWrite[];
  readonly entries: SequencedEntry[];
  isRemembered: boolean;
  isTakenBack: boolean;
}

/**
 * Tells commits by their commands: one call of the script carries out several. Each takes numbers for its entries first, where it has
 * any, and remembers its operation before it writes documents; where it is taken back, it forgets that again.
 */
export function commitsOf(transaction: readonly Command[]): StoredCommit[] {
  const commits: Commit[] = [];
  const begin = (): Commit => {
    const begun = { writes: [], entries: [], isRemembered: false, isTakenBack: false };
    commits.push(begun);
    return begun;
  };
  const current = () => commits.at(-1) ?? begin();
  for (const [name = '', key = '', ...values] of transaction) {
    switch (name.toUpperCase()) {
      case 'INCRBY':
        if (key === keys.sequence) begin();
        break;
      case 'SET':
        if (!key.startsWith(operationPrefix)) break;
        if (current().isRemembered && !current().isTakenBack) begin();
        Object.assign(current(), { isRemembered: true, isTakenBack: false });
        break;
      case 'XADD':
        if (key === keys.journal) current().entries.push(entryOf(values));
        break;
      case 'MSET':
      case 'MSETNX':
        current().writes.push(...writesOf([key, ...values]));
        break;
      case 'DEL':
      case 'UNLINK':
        if (key.startsWith(operationPrefix)) current().isTakenBack = true;
        current().writes.push(...[key, ...values].flatMap((removed) => writeOf(removed, null)));
        break;
    }
  }
  return commits.filter(
    ({ writes, entries, isTakenBack }) => !isTakenBack && (writes.length > 0 || entries.length > 0),
  );
}

function entryOf([id = '', _field, text = '']: readonly string[]): SequencedEntry {
  return { sequence: Number(id.slice(0, id.indexOf('-'))), entry: decodeJournalEntry(text) };
}

function writesOf(pairs: readonly string[]): DocumentWrite[] {
  return pairs.flatMap((key, place) => (place % 2 === 0 ? writeOf(key, pairs[place + 1] ?? '') : []));
}

function writeOf(key: string, text: string | null): DocumentWrite[] {
  if (!key.startsWith(documentPrefix)) return [];
  const name = key.slice(documentPrefix.length);
  const colon = name.indexOf(':');
  const after = text === null ? null : readDocument(text);
  return [{ collection: name.slice(0, colon), id: name.slice(colon + 1), after }];
}
