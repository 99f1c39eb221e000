import { BatchyError } from '../domain/errors.ts';
import type { StoredDocument } from '../ports/document-reader.ts';

/**
 * What a document holds; `null` where there is none, or where it cannot be read, as something newer, or a broken disk, may have
 * written it. For those who look at many: one must not hide all others. Whoever asks for that very one is told why.
 */
export function readOrPassOver<Value>(
  stored: StoredDocument | null | undefined,
  decode: (text: string) => Value,
): Value | null {
  if (stored === null || stored === undefined) return null;
  try {
    return decode(stored.text);
  } catch (error) {
    if (error instanceof BatchyError && error.code === 'foreign-data') return null;
    throw error;
  }
}
