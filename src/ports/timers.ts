import type { Instant } from '../domain/time.ts';

/** How a process measures time for itself. What is stored, and what decides about windows, goes by `Clock`. */
export interface Timers {
  /** Milliseconds since some moment; never set, never goes back. */
  monotonic(): number;
  /** The machine's wall clock: for lines of a log, never for a decision. */
  wall(): Instant;
  /** Calls once, after so many milliseconds, unless the returned function was called before. */
  after(milliseconds: number, call: () => void): () => void;
}
