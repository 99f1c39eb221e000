import type { Timers } from './ports/timers.ts';

/** How often the process that runs jobs has ended by itself, or could not be trusted any more. */
export interface Troubles {
  /** @returns milliseconds to wait before another process is started: longer each time that it does not stay up */
  add(why: string, hasBeenUp: boolean): number;
  /** What an operator should know; `null` when all is well, or is well again. */
  warning(isUp: boolean): string | null;
  /** Whether it is more than accidents. */
  readonly isRow: boolean;
}

/** Milliseconds within which the next trouble is one of the same row, and after which a process has stayed up. */
const soon = 60_000;
/** So many may be accidents. */
const few = 3;
const firstPause = 500;
/** Where it never came up. One that came up runs jobs of others, too, who should not wait that long for somebody's bad step. */
const longestPause = 30_000;
const longestPauseAfterUp = 5000;

export function createTroubles({ monotonic }: Pick<Timers, 'monotonic'>): Troubles {
  let row = 0;
  let last = 0;
  let reason = '';

  const isOver = (): boolean => monotonic() - last >= soon;
  return {
    add(why, hasBeenUp) {
      row = row > 0 && isOver() ? 1 : row + 1;
      last = monotonic();
      reason = why;
      return Math.min(firstPause * 2 ** Math.max(0, row - few), hasBeenUp ? longestPauseAfterUp : longestPause);
    },
    warning(isUp) {
      // Between two long pauses nothing ends, and nothing runs either.
      if (row < few || (isUp && isOver())) return null;
      return `the process that runs jobs has failed ${row} times, each less than a minute after the one before; the last time ${reason}. The log has all of them.`;
    },
    get isRow() {
      return row > few;
    },
  };
}
