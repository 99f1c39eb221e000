import type { Instant } from '../domain/time.ts';

/** The clock by which windows are cut. With Redis the server's, so that all processes agree. */
export interface Clock {
  now(): Promise<Instant>;
  /** What `now` would say, where nobody has to be asked; else `null`. */
  told?(): Instant | null;
}

/** What is computed by the clock: at once, where the time is told. To wait for what is there costs more than most of what is computed. */
export function atNow<T>(clock: Clock, compute: (at: Instant) => T): T | Promise<T> {
  const told = clock.told?.() ?? null;
  return told === null ? clock.now().then(compute) : compute(told);
}
