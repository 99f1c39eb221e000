import type { StoredDocument } from '../../ports/document-reader.ts';

/** What is kept of a document: its revision, a line break, its text. So the revision is compared without the text. */
export function keptDocument({ revision, text }: StoredDocument): string {
  return `${revision}\n${text}`;
}

/** `null` for what we did not write. */
export function readDocument(kept: string): StoredDocument | null {
  const [, revision = '', text = ''] = /^(\d{1,16})\n(.*)$/s.exec(kept) ?? [];
  return revision === '' ? null : { revision: Number(revision), text };
}
