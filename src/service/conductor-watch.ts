import { setTimeout as pause } from 'node:timers/promises';

import { heartbeatKey, leaseSecondsOf, readEnding } from '../domain/heartbeat.ts';
import type { DocumentReader, StoredDocument } from '../ports/document-reader.ts';

/** Looks within the time of a lease. A sign of life comes three times in it. */
const looks = 20;

/**
 * Whether a conductor has given no sign of life for as long as its lease lasts. Judged by watching it that long, since no clock of
 * another machine can be compared with ours; one that gives a sign meanwhile is known to live at once.
 * @param leaseSeconds of those who do not tell theirs
 */
export function createGoneCheck(
  documents: DocumentReader,
  leaseSeconds: number,
  stopping: AbortSignal,
): (conductor: string) => Promise<boolean> {
  const sign = async (id: string): Promise<StoredDocument | null> => {
    const [found = null] = await documents.get([heartbeatKey(id)]);
    // Whoever ends in good order takes its sign of life away; of another that has ended it may say so.
    return found === null || readEnding(found.text) !== null ? null : found;
  };
  return async (conductor) => {
    const before = await sign(conductor);
    if (before === null) return true;
    const lease = leaseSecondsOf(before.text, leaseSeconds) * 1000;
    for (let look = 0; look < looks; look += 1) {
      await pause(lease / looks, undefined, { signal: stopping });
      const now = await sign(conductor);
      if (now === null) return true;
      if (now.revision !== before.revision) return false;
    }
    return true;
  };
}
