import type { Instant } from '../domain/time.ts';

/** The clock by which windows are cut. With Redis the server's, so that all processes agree. */
export interface Clock {
  now(): Promise<Instant>;
}
