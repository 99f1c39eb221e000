import type { Ending } from '../domain/heartbeat.ts';
import type { DocumentReader } from '../ports/document-reader.ts';
import type { DocumentGuard } from '../ports/store.ts';
import type { Logs } from './step-log.ts';

/** An owner that goes on with nothing any more, and how it ended, as far as is known. */
export interface LostOwner extends Ending {
  /**
   * The sign of life that has stood still: what its owner has may be taken as long as it is the last one. `null`: an attempt of the
   * conductor itself that came to grief.
   */
  readonly sign: DocumentGuard | null;
}

/** An owner of our own name that does not run what it has. */
export const ownAttempt: LostOwner = { because: null, by: null, sign: null };

/** What must be as it was when what an owner has is taken: between the look at it and the taking it may have come back. */
export function guardsOfLoss(lost: LostOwner | null): readonly DocumentGuard[] {
  return lost?.sign ? [lost.sign] : [];
}

/** Whether an owner that was lost gives signs of life again. @throws BatchyError `store-unavailable` */
export async function hasComeBack(documents: DocumentReader, lost: LostOwner | null): Promise<boolean> {
  const guards = guardsOfLoss(lost);
  if (guards.length === 0) return false;
  const found = await documents.get(guards);
  return guards.some(({ expected }, place) => (found[place]?.revision ?? null) !== expected);
}

/** Says in an execution's log why its owner was lost, and what comes of it. */
export function logOwnerLoss(logs: Logs, executionId: number, { because }: Ending, outcome: string): void {
  const log = logs.open(executionId, null);
  const loss = because === null ? 'gives no sign of life' : because;
  log.write('warn', `the process that ran it ${loss}; ${outcome}`);
  log.close();
}
