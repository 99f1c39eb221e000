import type { Moment } from '../history/history.ts';

/** Looks at every moment of a history, in its order, and says what must not have happened. */
export interface Rule {
  see(moment: Moment): string[];
}
