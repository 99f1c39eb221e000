import type { Timers } from '../ports/timers.ts';
import { onAbort } from './on-abort.ts';

/** Resolves after so many milliseconds, or as soon as the signal is aborted. Never throws. */
export function sleep(timers: Timers, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      cancel();
      release();
      resolve();
    };
    const cancel = timers.after(milliseconds, end);
    const release = onAbort(signal, end);
  });
}
