import type { FastifyBaseLogger } from 'fastify';

import { errorText } from './runner/error-text.ts';
import type { Outages } from './service/outages.ts';

/** What is seen to again and again, one after the other. */
export interface Chores {
  /** Sees to each of them once. */
  run(): Promise<void>;
}

export interface ChoresOptions {
  /** By what they are, as part of a sentence: `the pruning of the journal`. */
  readonly chores: ReadonlyMap<string, () => Promise<unknown>>;
  readonly log: Pick<FastifyBaseLogger, 'warn' | 'info' | 'debug'>;
  readonly outages: Pick<Outages, 'levelOf'>;
  /** What is not begun yet then is left. */
  readonly stopping: AbortSignal;
}

/**
 * Each fails for itself: one that fails for as long as nobody mends something must not keep the others from being seen to.
 * Of each the log tells a failure once, and again when it is another one, or over.
 */
export function createChores({ chores, log, outages, stopping }: ChoresOptions): Chores {
  const told = new Map<string, string>();

  async function see(what: string, run: () => Promise<unknown>): Promise<void> {
    try {
      await run();
      if (told.delete(what)) log.info(`${what} has come right`);
    } catch (error) {
      const level = outages.levelOf(error);
      // That of an outage is told once for all when it is over.
      if (level === 'debug') return log.debug({ err: error }, `${what} has failed, as the store is away`);
      const text = errorText(error);
      if (told.get(what) === text) return;
      told.set(what, text);
      log.warn({ err: error }, `${what} has failed; it is tried again and again, and the log says when that changes`);
    }
  }

  return {
    async run() {
      for (const [what, run] of chores) if (!stopping.aborted) await see(what, run);
    },
  };
}
