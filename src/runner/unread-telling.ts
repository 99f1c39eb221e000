import { BatchyError } from '../domain/errors.ts';
import { type Instant, nanosecondsPerSecond } from '../domain/time.ts';
import type { Clock } from '../ports/clock.ts';
import { errorText } from './error-text.ts';

/** Somebody is to hear of what cannot be read now and then, however often it is met. */
const tellsEvery = 60n * nanosecondsPerSecond;

/** Tells of what keeps gates from being known: something newer may have written it, or it is damaged. */
export function createUnreadTelling(clock: Clock, tell: (problem: BatchyError) => void) {
  const toldAt = new Map<string, Instant>();

  async function tellOf(what: string, effect: string, cause: unknown): Promise<void> {
    const now = await clock.now();
    for (const [told, at] of toldAt) if (now - at >= tellsEvery || at > now) toldAt.delete(told);
    if (toldAt.has(what)) return;
    toldAt.set(what, now);
    tell(new BatchyError('foreign-data', `${what} cannot be read: ${effect}. ${errorText(cause)}`, { cause }));
  }

  return {
    /** @param gateId `null`: what was decided on all queues */
    tellOfGate: (gateId: string | null, cause: unknown): Promise<void> =>
      gateId === null
        ? tellOf('What is decided on queues', 'nothing is begun here', cause)
        : tellOf(`Who has passed the gate ${gateId}`, 'nothing that it concerns is begun here', cause),
    /** Of one that has a place. */
    tellOfHolder: (executionId: number, cause: unknown): Promise<void> =>
      tellOf(`Execution ${executionId}`, 'it counts as running, and keeps its place', cause),
  };
}
