import { type Instant, nanosecondsPerSecond } from './time.ts';

/**
 * A gate decides whether an execution may be begun now: so many at a time (places), so many per time (rate), or none (paused). What
 * finds no way in waits; nothing is refused. Decided here, from what is stored: whoever takes an execution stores the gate as it is
 * after that in the same commit, so that no two who decide at once can both take the last place.
 *
 * A place is held as long as its execution is live. That is read, never given back: nothing is lost with whoever dies.
 */
export interface Gate {
  /** Whose it is, as part of a sentence: `job orders`, `queue etl`, `all queues`. */
  readonly title: string;
  readonly limits: Limits;
  readonly pause: Pause | null;
  readonly passed: Passed;
}

export interface Limits {
  /** Executions at a time; `null`: any number. */
  readonly places: number | null;
  readonly rate: Rate | null;
}

/** At most `max` are begun in any `seconds`. */
export interface Rate {
  readonly max: number;
  readonly seconds: number;
}

export interface Pause {
  readonly by: string;
  readonly since: Instant;
  readonly reason: string | null;
}

/** Who has passed: what is stored of a gate. */
export interface Passed {
  /** Executions that hold a place, unless they are over. */
  readonly holders: readonly number[];
  /** When those that were begun latest were, ascending. */
  readonly takings: readonly Instant[];
}

export const nobodyPassed: Passed = { holders: [], takings: [] };

export interface Admission {
  readonly executionId: number;
  /** It was begun before, and was handed back or lost its owner: that it goes on is no beginning. */
  readonly hasBegun: boolean;
  /** Its owner is gone: it counts as running, which a pause does not end. */
  readonly isTakeover: boolean;
  /** Whether an execution that holds a place still does. */
  readonly isLive: (executionId: number) => boolean;
  readonly now: Instant;
}

export type Admitted =
  /** `passed` is the same object where nothing changes. */
  | { readonly kind: 'in'; readonly passed: Passed }
  /** `untilMilliseconds`: from now, when it is worth asking again; `null`: when something changes. */
  | { readonly kind: 'wait'; readonly reason: string; readonly untilMilliseconds: number | null };

/** Whether an execution may be taken, and what the gate holds then. */
export function admit({ title, limits, pause, passed }: Gate, asked: Admission): Admitted {
  const { executionId, hasBegun, isTakeover, isLive, now } = asked;
  if (pause !== null && !isTakeover) return { kind: 'wait', reason: pauseText(title, pause), untilMilliseconds: null };
  const { places, rate } = limits;
  if (places !== null && passed.holders.includes(executionId)) return { kind: 'in', passed };
  const holders = places === null ? [] : passed.holders.filter(isLive);
  if (places !== null && holders.length >= places)
    return { kind: 'wait', reason: `${title}: ${holders.length} of ${places} run`, untilMilliseconds: null };
  const counted = rate === null ? [] : takingsThatCount(passed.takings, rate, now);
  if (rate !== null && !hasBegun && counted.length >= rate.max) {
    const milliseconds = untilOneIsLess(counted, rate, now);
    const reason = `${title}: rate ${rate.max} per ${rate.seconds} s: at the earliest in ${Math.ceil(milliseconds / 1000)} s`;
    return { kind: 'wait', reason, untilMilliseconds: milliseconds };
  }
  if (places === null && (rate === null || hasBegun)) return { kind: 'in', passed };
  return {
    kind: 'in',
    passed: {
      holders: places === null ? [] : [...holders, executionId],
      takings: rate === null || hasBegun ? counted : [...counted, now],
    },
  };
}

/**
 * What counts against a rate. A taking that lies ahead was stored before the clock was put back: by less than a window, and it counts
 * until the clock has come by; by more, and it is forgotten, so that nobody waits for a clock that will not come.
 */
function takingsThatCount(takings: readonly Instant[], rate: Rate, now: Instant): Instant[] {
  const window = windowOf(rate);
  return takings
    .filter((taking) => taking > now - window && taking < now + window)
    .sort((one, other) => (one < other ? -1 : Number(one > other)));
}

/** In milliseconds, rounded up. */
function untilOneIsLess(counted: readonly Instant[], rate: Rate, now: Instant): number {
  const oldest = counted[counted.length - rate.max] ?? now;
  return Math.ceil(Number(oldest + windowOf(rate) - now) / 1e6);
}

function windowOf({ seconds }: Rate): bigint {
  return BigInt(seconds) * nanosecondsPerSecond;
}

function pauseText(title: string, { by, reason }: Pause): string {
  return `${title} ${title === allTitle ? 'are' : 'is'} paused by ${by}${reason === null ? '' : `: ${reason}`}`;
}

export const allTitle = 'all queues';
