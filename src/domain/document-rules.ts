import { BatchyError } from './errors.ts';
import { quoteBriefly } from './names.ts';

/** What a commit does to one document, as far as the rules below go. */
export interface ChangedDocument {
  readonly kind: 'document';
  readonly collection: string;
  readonly id: string;
  readonly add: readonly IndexMember[];
  readonly remove: readonly IndexMember[];
}

interface OtherChange {
  readonly kind: 'workflow';
}

interface IndexMember {
  readonly index: string;
  readonly member: string;
}

const keyForm = /^[a-z-]{1,100}:[!-~]{1,200}$/;
const indexForm = /^[!-~]{1,300}$/;
const memberForm = /^[ -~]{1,400}$/;

/**
 * What every store relies on: printable ASCII sorts alike wherever it is compared, and of two changes of one document
 * nobody could say which is the last. Whoever breaks it is mistaken in the code, not in what was asked.
 * @throws BatchyError `internal`
 */
export function assertDocumentChanges(changes: readonly (ChangedDocument | OtherChange)[]): void {
  const seen = new Set<string>();
  for (const change of changes) {
    if (change.kind !== 'document') continue;
    const { collection, id, add, remove } = change;
    const key = `${collection}:${id}`;
    if (!keyForm.test(key)) throw defect(`a document is called ${quoteBriefly(key)}, which no document may be`);
    if (seen.has(key)) throw defect(`the document ${quoteBriefly(key)} is changed twice`);
    seen.add(key);
    for (const entry of add) assertMember(entry);
    for (const entry of remove) assertMember(entry);
  }
}

function assertMember({ index, member }: IndexMember): void {
  if (!indexForm.test(index) || !memberForm.test(member))
    throw defect(`${quoteBriefly(member)} of the index ${quoteBriefly(index)} is not plain ASCII, or too long`);
}

function defect(what: string): BatchyError {
  return new BatchyError('internal', `A commit cannot be carried out: ${what}. Nothing was written.`);
}
