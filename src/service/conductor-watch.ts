import { setTimeout as pause } from 'node:timers/promises';

import { heartbeatKey } from '../domain/heartbeat.ts';
import type { DocumentReader } from '../ports/document-reader.ts';

/**
 * Whether a conductor has given no sign of life for as long as a lease lasts. Judged by watching it that long, since no clock of
 * another machine can be compared with ours.
 */
export function createGoneCheck(
  documents: DocumentReader,
  leaseSeconds: number,
  stopping: AbortSignal,
): (conductor: string) => Promise<boolean> {
  const sign = async (id: string): Promise<number | null> => {
    const [found = null] = await documents.get([heartbeatKey(id)]);
    return found?.revision ?? null;
  };
  return async (conductor) => {
    const before = await sign(conductor);
    if (before === null) return true;
    await pause(leaseSeconds * 1000, undefined, { signal: stopping });
    return (await sign(conductor)) === before;
  };
}
