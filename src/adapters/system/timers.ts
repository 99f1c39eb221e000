import { instantFromMilliseconds } from '../../domain/time.ts';
import type { Timers } from '../../ports/timers.ts';

/** The longest wait that the language's timers know; beyond it they fire at once. */
const longestWait = 2 ** 31 - 1;

/** This machine's time. */
export const systemTimers: Timers = {
  monotonic: () => performance.now(),
  wall: () => instantFromMilliseconds(Date.now()),
  after(milliseconds, call) {
    const due = performance.now() + milliseconds;
    let timer: NodeJS.Timeout;
    const wait = (): void => {
      const left = due - performance.now();
      timer = left > longestWait ? setTimeout(wait, longestWait) : setTimeout(call, Math.max(0, left));
    };
    wait();
    return () => clearTimeout(timer);
  },
};
