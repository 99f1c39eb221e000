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
  const last = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const before = last.get(key);
    const mine = before === undefined ? work() : inTime(before, key, patienceMilliseconds).then(work);
    // Whoever comes next waits for me and, should I give up, for the one before me all the same.
    const done = settled(before, mine);
    last.set(key, done);
    try {
      return await mine;
    } finally {
      void forget(key, done);
    }
  };

  /** Once nobody waits behind it any more. */
  async function forget(key: string, done: Promise<void>): Promise<void> {
    await done;
    if (last.get(key) === done) last.delete(key);
  }
}

async function inTime(turn: Promise<unknown>, key: string, patienceMilliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(tooLate(key)), patienceMilliseconds);
  });
  try {
    await Promise.race([turn, late]);
  } finally {
    clearTimeout(timer);
  }
}

function tooLate(key: string): BatchyError {
  return new BatchyError(
    'overloaded',
    `Too many requests on workflow ${key} were waiting before this one. It was not begun and nothing was changed; try again shortly.`,
  );
}

/** Keeps nothing of what they came to: a chain of results would grow as long as the key is busy. */
async function settled(...works: readonly unknown[]): Promise<void> {
  await Promise.allSettled(works);
}
