import type { Redis } from 'ioredis';
import type { RedisConnection } from './connection.ts';
import { type StreamEntry, sequenceOf } from './journal.ts';
import { keys } from './keys.ts';

/** How long one wait for news lasts, in milliseconds; then it is renewed, so that a dead connection is noticed. */
const waitFor = 10_000;
/** Without an answer for this long beyond `waitFor`, in milliseconds, the connection is given up. */
const silence = 5_000;
/** Between two tellings, in milliseconds: what is stored by then is told at once, rather than commit by commit. */
const pause = 5;

export interface JournalWatch {
  subscribe(onChange: () => void): () => void;
  close(): void;
}

/** Waits for news of the journal on a connection of its own, which is there only while somebody listens. */
export function createJournalWatch(connection: RedisConnection): JournalWatch {
  const listeners = new Set<{ readonly onChange: () => void }>();
  let redis: Redis | null = null;

  function begin(): void {
    // What is cut off is not sent again by the driver, but begun anew below.
    redis = connection.another({
      socketTimeout: waitFor + silence,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
    });
    void follow(redis);
  }

  async function follow(own: Redis): Promise<void> {
    let last: number | null = null;
    const isCurrent = (): boolean => redis === own;
    while (isCurrent()) {
      try {
        // What comes while we look is found by the next wait, which begins at what was seen here.
        const newest = (await own.xrevrange(keys.journal, '+', '-', 'COUNT', 1)) as StreamEntry[];
        const seen = newest[0] === undefined ? 0 : sequenceOf(newest[0]);
        if (seen !== last && isCurrent()) {
          for (const { onChange } of listeners) onChange();
          await sleep(pause);
        }
        last = seen;
        await own.xread('COUNT', 1, 'BLOCK', waitFor, 'STREAMS', keys.journal, seen);
      } catch {
        // The connection broke, or the server is starting: after it anything may have happened, so all are told.
        last = null;
        await sleep(50);
      }
    }
  }

  function end(): void {
    redis?.disconnect();
    redis = null;
  }

  return {
    subscribe(onChange) {
      const listener = { onChange };
      listeners.add(listener);
      if (redis === null) begin();
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) end();
      };
    },
    close() {
      listeners.clear();
      end();
    },
  };
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
