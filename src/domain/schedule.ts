import type { Cron } from './cron.ts';
import type { ErrorCode } from './errors.ts';
import type { JsonObject } from './json.ts';
import type { Priority } from './priority.ts';
import { type Instant, nanosecondsPerSecond } from './time.ts';

/** Launches a job again and again: at each time that a cron expression names in a time zone, a firing. */
export interface Schedule extends ScheduleDefinition {
  readonly name: string;
  readonly isPaused: boolean;
  readonly createdAt: Instant;
  readonly createdBy: string;
  /** The firing that was handled last, and what became of it; `null`: none yet. */
  readonly last: HandledFiring | null;
  /** The firing that is to be handled next; `null`: none, since it is paused. */
  readonly next: Instant | null;
}

/** What whoever sets a schedule decides. */
export interface ScheduleDefinition {
  readonly jobName: string;
  readonly cron: string;
  readonly zone: string;
  readonly catchup: Catchup;
  /** As the body of a launch has them. */
  readonly parameters: JsonObject;
  /** Of what it launches; absent: as the job says. */
  readonly priority?: Priority;
}

export const catchups = ['none', 'last', 'all'] as const;
/**
 * What becomes of firings that no server handled within a minute, since none was up: `none` of them is launched, only the `last`, or
 * `all`, oldest first, each when the execution of the one before has ended.
 */
export type Catchup = (typeof catchups)[number];

export interface HandledFiring {
  readonly firing: Instant;
  /** When it was handled, by the store's clock. */
  readonly at: Instant;
  /** The oldest of those directly before it that were left out, or `null`. */
  readonly leftOutSince: Instant | null;
  readonly outcome: FiringOutcome;
}

export type FiringOutcome =
  | { readonly kind: 'launched'; readonly executionId: number }
  /** The launch was refused, and is not tried again. */
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly detail: string }
  /** Nobody was there to launch it in time. */
  | { readonly kind: 'left-out' };

/** A job's parameter that says which firing launched it. */
export const firingParameter = 'scheduled_for';

/** A firing that is later than this was missed: servers look every few seconds. */
const missedAfter = 60n * nanosecondsPerSecond;

export interface DueFiring {
  readonly firing: Instant;
  /** Whether its job is launched; else it is left out. */
  readonly isLaunched: boolean;
  /** Whether it should have been handled long ago. */
  readonly isMissed: boolean;
  readonly leftOutSince: Instant | null;
  /** What is due after it. */
  readonly next: Instant | null;
}

/**
 * What is to be done now: one firing, so that each is handled by a commit of its own. Costs the same however long nobody looked.
 * @returns `null` where nothing is due
 */
export function dueFiring(
  { next: due, catchup }: Pick<Schedule, 'next' | 'catchup'>,
  cron: Cron,
  now: Instant,
): DueFiring | null {
  if (due === null || due > now) return null;
  const handle = (firing: Instant, rest: Omit<DueFiring, 'firing' | 'next'>): DueFiring => ({
    firing,
    ...rest,
    next: cron.next(firing),
  });
  const missedUntil = now - missedAfter;
  const isMissed = due <= missedUntil;
  if (!isMissed || catchup === 'all') return handle(due, { isLaunched: true, isMissed, leftOutSince: null });
  const last = latestFiring(cron, due, missedUntil);
  const before = last === due ? null : due;
  return handle(last, { isLaunched: catchup === 'last', isMissed, leftOutSince: before });
}

/** The last firing that is not later than `until`, by halving. @param first a firing that is not later than it */
function latestFiring(cron: Cron, first: Instant, until: Instant): Instant {
  const after = (instant: Instant): Instant | null => {
    const next = cron.next(instant);
    return next === null || next > until ? null : next;
  };
  let latest = first;
  let none = until;
  // Firings lie on whole seconds.
  while (none - latest > nanosecondsPerSecond) {
    const middle = latest + (none - latest) / 2n;
    const next = after(middle);
    if (next === null) none = middle;
    else latest = next;
  }
  return after(latest) ?? latest;
}

/**
 * A schedule as it is after somebody set it. Firings that are due already stay due where neither its times nor their zone are new: who
 * sets it again at each deployment does not lose those that were missed meanwhile.
 * @param before what there was, or `null`
 */
export function setSchedule(
  before: Schedule | null,
  name: string,
  definition: ScheduleDefinition,
  { cron, now, by }: { readonly cron: Cron; readonly now: Instant; readonly by: string },
): Schedule {
  const isSameTime = before !== null && before.cron === definition.cron && before.zone === definition.zone;
  const isPaused = before?.isPaused ?? false;
  const next = isPaused ? null : isSameTime ? before.next : cron.next(now);
  return {
    ...definition,
    name,
    isPaused,
    createdAt: before?.createdAt ?? now,
    createdBy: before?.createdBy ?? by,
    last: before?.last ?? null,
    next,
  };
}

/** Firings that come while it is paused are not missed: nobody wants them. */
export function pauseSchedule(schedule: Schedule): Schedule {
  return { ...schedule, isPaused: true, next: null };
}

export function resumeSchedule(schedule: Schedule, cron: Cron, now: Instant): Schedule {
  return { ...schedule, isPaused: false, next: cron.next(now) };
}

/** The firings that come next, at most `count`; none of a schedule that is paused. */
export function nextFirings({ next }: Schedule, cron: Cron, count: number): Instant[] {
  const firings: Instant[] = [];
  for (let firing = next; firing !== null && firings.length < count; firing = cron.next(firing)) firings.push(firing);
  return firings;
}
