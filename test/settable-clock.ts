import { type Instant, parseInstant } from '../src/domain/time.ts';
import type { Clock } from '../src/ports/clock.ts';

/** A clock that a test sets; each reading is a microsecond later than the one before, as time is. */
export interface SettableClock extends Clock {
  /** The next reading. */
  set(instant: Instant | string): void;
  advance(by: { readonly hours?: number; readonly seconds?: number }): void;
  peek(): Instant;
}

export function createSettableClock(start: string): SettableClock {
  const read = (instant: Instant | string): Instant => {
    const parsed = typeof instant === 'bigint' ? instant : parseInstant(instant);
    if (parsed === null) throw new RangeError(`no instant: ${instant}`);
    return parsed;
  };
  let next = read(start);
  return {
    now: async () => {
      const reading = next;
      next += 1000n;
      return reading;
    },
    set: (instant) => {
      next = read(instant);
    },
    advance: ({ hours = 0, seconds = 0 }) => {
      next += BigInt(Math.round((hours * 3600 + seconds) * 1e9));
    },
    peek: () => next,
  };
}
