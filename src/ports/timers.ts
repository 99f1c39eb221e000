import type { Instant } from '../domain/time.ts';

/** How a process measures time for itself. What is stored, and what decides about windows, goes by `Clock`. */
export interface Timers {
  /** Milliseconds since some moment; never set, never goes back. */
  readonly monotonic: () => number;
  /** The machine's wall clock: for lines of a log, never for a decision. */
  readonly wall: () => Instant;
  /** Calls once, after so many milliseconds, unless the returned function was called before. */
  readonly after: (milliseconds: number, call: () => void) => () => void;
}
