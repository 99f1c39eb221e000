import type { FastifyBaseLogger } from 'fastify';

import type { Firings } from './service/firings.ts';
import type { Outages } from './service/outages.ts';

/** Looks, as long as the service runs, for what schedules are to launch. */
export interface FiringLoop {
  begin(): void;
  /** Resolves when nothing of it is in progress any more. */
  end(): Promise<void>;
}

/** In milliseconds: what was scheduled elsewhere meanwhile is seen that late at most. */
const longestPause = 3000;
const pauseAfterFailure = 1000;

/** Wakes when the next firing is due. What is due is decided by the store's clock; the timer only says when to ask. */
export function createFiringLoop(
  firings: Pick<Firings, 'fireDue'>,
  log: Pick<FastifyBaseLogger, 'warn' | 'debug'>,
  { levelOf }: Pick<Outages, 'levelOf'>,
): FiringLoop {
  let looking: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;

  async function look(): Promise<void> {
    let pause = pauseAfterFailure;
    try {
      pause = Math.min((await firings.fireDue()) ?? longestPause, longestPause);
    } catch (error) {
      log[levelOf(error)](
        { err: error },
        'a schedule could not launch what is due; it stays due and will be tried again',
      );
    }
    if (!isOver) timer = setTimeout(begin, pause).unref();
  }

  function begin(): void {
    looking = look();
  }

  return {
    begin,
    async end() {
      isOver = true;
      clearTimeout(timer);
      await looking;
    },
  };
}
