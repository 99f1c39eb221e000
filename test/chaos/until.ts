import { setTimeout as pause } from 'node:timers/promises';

const everyMilliseconds = 20;

/**
 * Looks again and again until there is something.
 * @param look `null`, `undefined`, `false` or an error: not yet
 * @throws Error naming what did not come within the time
 */
export async function until<T>(
  what: string,
  seconds: number,
  look: () => Promise<T | null | undefined | false> | T | null | undefined | false,
): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  for (let last: unknown = null; ;) {
    try {
      const found = await look();
      if (found !== null && found !== undefined && found !== false) return found;
      last = null;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`, { cause: last });
    await pause(everyMilliseconds);
  }
}
