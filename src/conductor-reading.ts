import type { Timers } from './ports/timers.ts';

/** Which job file a process is reading. One that loops at its top would keep all others waiting, without a word. */
export interface Reading {
  begin(file: string): void;
  /** Nothing is being read any more. */
  end(): void;
  readonly file: string | null;
  /** Whether it has been read for so long that somebody should know. */
  readonly isSlow: boolean;
}

export interface ReadingOptions {
  readonly timers: Timers;
  /** Told once of a file. */
  readonly onSlow: (file: string, seconds: number) => void;
  /** It takes longer than any file may. One that awaits too long is left by the process itself, much earlier. */
  readonly onStuck: (file: string) => void;
}

/** Milliseconds after which one is told of. */
const slowAfter = 5000;
/** Milliseconds that a job file may take to load. */
const stuckAfter = 30_000;

export function createReading({ timers, onSlow, onStuck }: ReadingOptions): Reading {
  let file: string | null = null;
  let isSlow = false;
  let cancel = (): void => {};

  function end(): void {
    cancel();
    file = null;
    isSlow = false;
  }

  return {
    begin(next) {
      end();
      file = next;
      cancel = timers.after(slowAfter, () => {
        isSlow = true;
        onSlow(next, slowAfter / 1000);
        cancel = timers.after(stuckAfter - slowAfter, () => onStuck(next));
      });
    },
    end,
    get file() {
      return file;
    },
    get isSlow() {
      return isSlow;
    },
  };
}
