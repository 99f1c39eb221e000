import { decodeOperation } from '../../domain/archive-text.ts';
import type { StoredOperation } from '../../ports/store.ts';

/** What is kept of an operation: `<token> <first sequence>`, a line break, the operation's text. */
export interface KeptOperation {
  /** Of the commit call that had the effect; `-` when it came from another store. */
  readonly token: string;
  readonly firstSequence: number;
  readonly operation: StoredOperation;
}

export function readOperation(id: string, kept: string): KeptOperation {
  const [token = '', firstSequence] = kept.slice(0, kept.indexOf('\n')).split(' ');
  return { token, firstSequence: Number(firstSequence), operation: { id, ...decodeOperation(operationText(kept)) } };
}

export function operationText(kept: string): string {
  return kept.slice(kept.indexOf('\n') + 1);
}

export function keptFromElsewhere(text: string): string {
  return `- 0\n${text}`;
}
