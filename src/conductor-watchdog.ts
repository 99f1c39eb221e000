import type { Timers } from './ports/timers.ts';

/** Watches whether a process still answers: job code that awaits nothing holds up its event loop for as long as it takes. */
export interface Watchdog {
  /** It has answered. */
  answered(): void;
  /** For how long it has not answered, in seconds. */
  silentSeconds(): number;
  stop(): void;
}

export interface WatchdogOptions {
  readonly timers: Timers;
  /** How often it is asked, in milliseconds. */
  readonly everyMilliseconds: number;
  /** After so many milliseconds without an answer `onSilent` is called, once until it answers. */
  readonly warnAfterMilliseconds: number;
  /** After so many `onLost` is called, and nothing more. */
  readonly endAfterMilliseconds: number;
  readonly ask: () => void;
  readonly onSilent: () => void;
  /** It answers after all. @param seconds for how long it did not */
  readonly onAnswer: (seconds: number) => void;
  readonly onLost: () => void;
}

/**
 * Begins to ask at once. Counts the rounds that went without an answer rather than the time that passed, since while this machine
 * slept, or this process was held up itself, nobody could answer.
 */
export function startWatchdog(options: WatchdogOptions): Watchdog {
  const { timers, everyMilliseconds, warnAfterMilliseconds, endAfterMilliseconds } = options;
  let silent = 0;
  let hasWarned = false;
  let isStopped = false;
  let cancel = (): void => {};

  function round(): void {
    cancel = timers.after(everyMilliseconds, () => {
      silent += everyMilliseconds;
      if (silent >= endAfterMilliseconds) {
        isStopped = true;
        options.onLost();
        return;
      }
      if (silent >= warnAfterMilliseconds && !hasWarned) {
        hasWarned = true;
        options.onSilent();
      }
      round();
    });
  }

  options.ask();
  round();
  return {
    answered() {
      if (isStopped) return;
      const seconds = silent / 1000;
      silent = 0;
      if (hasWarned) options.onAnswer(seconds);
      hasWarned = false;
      cancel();
      cancel = timers.after(everyMilliseconds, () => {
        options.ask();
        round();
      });
    },
    silentSeconds: () => silent / 1000,
    stop() {
      isStopped = true;
      cancel();
    },
  };
}
