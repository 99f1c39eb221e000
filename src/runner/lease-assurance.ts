import type { Instant } from '../domain/time.ts';
import type { Timers } from '../ports/timers.ts';

/** When a question was sent, by both clocks of the process. */
export interface Moment {
  readonly monotonic: number;
  readonly wall: Instant;
}

/** How long ago the store has last said that an execution is ours. */
export interface LeaseAssurance {
  /** To be taken before the store is asked: its answer is no younger than that. */
  now(): Moment;
  /** The store said so when it was asked at that moment. */
  given(asked: Moment): void;
  /** Whether nobody can have taken the lease since, unless the sign of life of this process does not get through. */
  isFresh(): boolean;
}

const nanosecondsOfMillisecond = 1e6;

/** @param milliseconds for which an answer counts: less than a lease lasts without a sign of life */
export function createLeaseAssurance({ monotonic, wall }: Timers, milliseconds: number): LeaseAssurance {
  let last: Moment | null = null;
  return {
    now: () => ({ monotonic: monotonic(), wall: wall() }),
    given(asked) {
      last = asked;
    },
    isFresh() {
      if (last === null) return false;
      // A machine that was suspended as a whole has a monotonic clock that stood still with it. A wall clock that was set costs no more than a question.
      const byWall = Math.abs(Number(wall() - last.wall)) / nanosecondsOfMillisecond;
      return Math.max(monotonic() - last.monotonic, byWall) <= milliseconds;
    },
  };
}
