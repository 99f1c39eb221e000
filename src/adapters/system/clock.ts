import type { Instant } from '../../domain/time.ts';
import type { Clock } from '../../ports/clock.ts';

export interface SystemClockSources {
  /** Milliseconds since the epoch, by the machine's clock, which may be set. */
  readonly wallMilliseconds?: () => number;
  /** Nanoseconds since some moment, never set. */
  readonly monotonicNanoseconds?: () => bigint;
}

/** A wall clock that falls further back than this, in milliseconds, was set; by less, it is being slowed to the right time. */
const toleratedStepBack = 5;

/**
 * The machine's clock in microseconds. The language's own has milliseconds only, so a monotonic counter tells how far into
 * the millisecond we are. Each answer is later than the one before (windows are cut by it), unless the machine's clock was
 * set back, which must not be hidden: the rules for clock skew have to see it.
 */
export function createSystemClock(sources: SystemClockSources = {}): Clock {
  const wall = sources.wallMilliseconds ?? Date.now;
  const monotonic = sources.monotonicNanoseconds ?? (() => process.hrtime.bigint());
  let latestWall = Number.NEGATIVE_INFINITY;
  /** Microseconds since the epoch at the counter's zero, as last reckoned. */
  let offset: bigint | null = null;
  let last = 0n;

  function microseconds(): bigint {
    const wallNow = wall();
    const steppedBack = wallNow < latestWall - toleratedStepBack;
    latestWall = steppedBack ? wallNow : Math.max(latestWall, wallNow);
    const counted = monotonic() / 1000n;
    const least = BigInt(wallNow) * 1000n;
    // The wall clock says which millisecond it is; the counter only where in it, as long as the two agree.
    const reckoned = clamp(offset === null || steppedBack ? least : offset + counted, least, least + 999n);
    offset = reckoned - counted;
    last = steppedBack || reckoned > last ? reckoned : last + 1n;
    return last;
  }

  const told = (): Instant => microseconds() * 1000n;
  return { now: async () => told(), told };
}

function clamp(value: bigint, least: bigint, greatest: bigint): bigint {
  if (value < least) return least;
  return value > greatest ? greatest : value;
}

/** This machine's clock; one for the process, so that all that it stamps is in order. */
export const systemClock: Clock = createSystemClock();
