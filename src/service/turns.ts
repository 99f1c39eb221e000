import { BatchyError } from '../domain/errors.ts';

/** Runs work on the same key one after the other, in the order in which it came; work on other keys does not wait. */
export type TakeTurn = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/**
 * A thousand racing opens of one workflow are then a thousand commits, not a million attempts.
 *
 * @param patienceMilliseconds work whose turn has not come by then is given up unbegun, so that behind a store that hangs
 * every caller is answered by its deadline
 * @throws BatchyError `overloaded` for work that was given up
 */
export function createTurns(patienceMilliseconds: number): TakeTurn {
  /** Who wait for each key that is taken; `null` until somebody does. */
  const waiting = new Map<string, Set<() => void> | null>();

  function release(key: string): void {
    const [next] = waiting.get(key) ?? nobody;
    if (next === undefined) waiting.delete(key);
    else next();
  }

  /** Settles when the key has been handed over by the one before. */
  async function wait(key: string, queue: Set<() => void>): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const begin = (): void => {
      clearTimeout(timer);
      queue.delete(begin);
      resolve();
    };
    const timer = setTimeout(() => {
      queue.delete(begin);
      reject(tooLate(key));
    }, patienceMilliseconds);
    queue.add(begin);
    return promise;
  }

  return async (key, work) => {
    if (waiting.has(key)) {
      const queue = waiting.get(key) ?? new Set();
      waiting.set(key, queue);
      await wait(key, queue);
    } else {
      waiting.set(key, null);
    }
    try {
      return await work();
    } finally {
      release(key);
    }
  };
}

const nobody: readonly (() => void)[] = [];

function tooLate(key: string): BatchyError {
  return new BatchyError(
    'overloaded',
    `Too many requests on workflow ${key} were waiting before this one. It was not begun and nothing was changed; try again shortly.`,
  );
}
