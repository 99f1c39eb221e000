import type { Instant } from '../../domain/time.ts';

/** How long after an answer its time is gone by, in milliseconds: the drift of two clocks in it is far below a microsecond's worth of harm. */
const longestAge = 100;
/** What a clock of this machine may be too fast by, in parts of a nanosecond for a nanosecond: far more than any is. */
const drift = 1 / 1000;
/**
 * A reading lies behind what was told by no more than this if it was long under way: it is no older than the one that was told from.
 * By more, the server's clock went back. In nanoseconds.
 */
const longestWay = BigInt(longestAge) * 1_000_000n;

/**
 * The server's clock between two answers of it. What is told never lies ahead of the server's clock, for an answer is older
 * than its arrival; nor behind what was told before. Where the server's clock went back it may lie ahead for, or by, a tenth of a second.
 */
export interface ServerTime {
  /** To be called when an answer arrives. @param instant what the server's clock said in it */
  heard(instant: Instant): void;
  /** @returns `null` where the last answer is too old to tell */
  tell(): Instant | null;
}

/** @param monotonic milliseconds of a clock that is never set */
export function createServerTime(monotonic: () => number): ServerTime {
  let heardAt = Number.NEGATIVE_INFINITY;
  let heard: Instant = 0n;
  let told: Instant = 0n;
  return {
    heard(instant) {
      heardAt = monotonic();
      heard = instant;
      if (told - instant > longestWay) told = instant;
    },
    tell() {
      const age = monotonic() - heardAt;
      if (age > longestAge) return null;
      const atLeast = heard + BigInt(Math.floor(age * (1 - drift) * 1000)) * 1000n;
      if (atLeast > told) told = atLeast;
      return told;
    },
  };
}
