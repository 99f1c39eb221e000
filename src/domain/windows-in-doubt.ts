import type { OwnedBatch } from './execution.ts';
import type { JsonObject } from './json.ts';
import { parseJson, stringifyJson } from './json.ts';
import { formatInstant, type Instant, parseInstant } from './time.ts';

/**
 * Windows whose success was declared failed, whoever had loaded them. What instances from before have done of such a window may be
 * among what is wrong, or may have been replaced since: nothing of it is skipped, the window is run whole, by another instance.
 */

/** The window of one job of a workflow whose success was declared failed. */
export interface UndoneWindow {
  readonly job: string;
  /** `null`: from the beginning of time. */
  readonly from: Instant | null;
  /** `null`: nobody knows where it ended. */
  readonly until: Instant | null;
}

export interface WindowInDoubt extends UndoneWindow {
  /** The id of the newest instance that there was. Ids tell older from newer, since no clock is asked that may be wrong. */
  readonly lastInstance: number;
}

/** @param lastInstance the newest one that there is now: those after it are not in doubt */
export function withDoubts(
  known: readonly WindowInDoubt[],
  undone: readonly UndoneWindow[],
  lastInstance: number,
): WindowInDoubt[] {
  const isCovered = (older: WindowInDoubt): boolean => undone.some((newer) => covers(newer, older));
  return [...known.filter((older) => !isCovered(older)), ...undone.map((window) => ({ ...window, lastInstance }))];
}

/** Whether what an instance has done of a window is in doubt. */
export function isInDoubt(
  doubts: readonly WindowInDoubt[],
  { jobs, from, until }: Pick<OwnedBatch, 'jobs' | 'from' | 'until'>,
  instanceId: number,
): boolean {
  return doubts.some(
    (doubt) =>
      instanceId <= doubt.lastInstance &&
      (jobs === null || jobs.includes(doubt.job)) &&
      (doubt.from === null || doubt.from < until) &&
      (doubt.until === null || from < doubt.until),
  );
}

function covers(outer: UndoneWindow, inner: UndoneWindow): boolean {
  if (outer.job !== inner.job) return false;
  const beginsNoLater = outer.from === null || (inner.from !== null && outer.from <= inner.from);
  return beginsNoLater && (outer.until === null || (inner.until !== null && outer.until >= inner.until));
}

export function encodeDoubts(doubts: readonly WindowInDoubt[]): string {
  const text = (instant: Instant | null): string | null => (instant === null ? null : formatInstant(instant));
  return stringifyJson(
    doubts.map(({ job, from, until, lastInstance }) => ({
      job,
      from: text(from),
      until: text(until),
      last_instance: lastInstance,
    })),
  );
}

export function decodeDoubts(text: string): WindowInDoubt[] {
  const instant = (value: unknown): Instant | null => (typeof value === 'string' ? parseInstant(value) : null);
  return (parseJson(text) as readonly JsonObject[]).map((doubt) => ({
    job: doubt['job'] as string,
    from: instant(doubt['from']),
    until: instant(doubt['until']),
    lastInstance: Number(doubt['last_instance']),
  }));
}
