import { createMemo, createNotes } from '../../domain/memo.ts';

type Head = ReadonlyMap<string, string>;

/** What is read was as a rule written, or read, by this process. */
const alreadyDecoded = createMemo<string, Head>(4_000_000, (text) => text.length);
const alreadyEncoded = createNotes<Head, string>();

/** A head as a list of `[job, text]`: in an object a job named "1" would come first. */
export function encodeHeadFields(head: Head): string {
  const known = alreadyEncoded.of(head);
  if (known !== undefined) return known;
  const text = JSON.stringify([...head]);
  alreadyEncoded.note(head, text);
  alreadyDecoded.set(text, head);
  return text;
}

/** The same text is the same map. */
export function decodeHeadFields(text: string): Head {
  const known = alreadyDecoded.get(text);
  if (known !== undefined) return known;
  const head: Head = new Map(JSON.parse(text) as [string, string][]);
  alreadyEncoded.note(head, text);
  alreadyDecoded.set(text, head);
  return head;
}
