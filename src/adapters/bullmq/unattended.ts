import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { linesKey, queuePrefix } from './queue-names.ts';

/** How many lines are emptied at a look, and how many messages of one are removed at a time. */
const mostLines = 10;
const pageSize = 100;

/** Those at which nobody has stood for so long are told to one who asks, and not to the next. */
const stand = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for place = 3, #ARGV do redis.call('ZADD', KEYS[1], now, ARGV[place]) end
local left = redis.call('ZRANGE', KEYS[1], '-inf', now - ARGV[1], 'BYSCORE', 'LIMIT', 0, ARGV[2])
for _, name in ipairs(left) do redis.call('ZADD', KEYS[1], now, name) end
return left`;

export interface UnattendedOptions {
  /** Waits for the server's return. */
  readonly redis: Redis;
  /** Of the queues at which we stand. */
  readonly names: readonly string[];
  /** For how long nobody may have stood at a line until it is emptied. */
  readonly unattendedMs: number;
}

/**
 * Says that we stand at our lines, and empties those at which nobody stands any more: what would be taken there is never taken, and its
 * message would stay for ever, since the store does not tell BullMQ of an execution's end. What of it still waits is handed on
 * again by who looks through the store.
 * @returns what ends it
 */
export function keepLines({ redis, names, unattendedMs }: UnattendedOptions): () => void {
  let isUnderWay = false;
  const ending = new AbortController();

  async function look(most: number): Promise<void> {
    const left = (await redis.eval(stand, 1, linesKey, unattendedMs, most, ...names)) as string[];
    for (const name of left) await empty(name);
  }

  async function empty(name: string): Promise<void> {
    const queue = new Queue(name, {
      connection: redis,
      prefix: queuePrefix,
      skipVersionCheck: true,
      skipMetasUpdate: true,
    });
    queue.on('error', () => undefined);
    try {
      let removed = 1;
      while (removed > 0 && !ending.signal.aborted) {
        // What was with somebody who is gone is found by those who stand at the line, and there is none.
        const ids = await queue.getRanges(['prioritized', 'delayed', 'waiting', 'active'], 0, pageSize - 1);
        removed = 0;
        // None is removed that somebody has at this moment.
        for (const id of ids) removed += await queue.remove(id);
      }
    } finally {
      await queue.close();
    }
  }

  function lookUnlessUnderWay(most: number): void {
    if (isUnderWay) return;
    isUnderWay = true;
    // What fails is done at the next look, or at one of others.
    void look(most)
      .catch(() => undefined)
      .finally(() => {
        isUnderWay = false;
      });
  }

  // Where all were away for long, each says first where it stands.
  lookUnlessUnderWay(0);
  const timer = setInterval(() => lookUnlessUnderWay(mostLines), unattendedMs / 6).unref();
  return () => {
    ending.abort();
    clearInterval(timer);
  };
}
