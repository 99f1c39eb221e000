import type { Redis } from 'ioredis';

import type { Instant } from '../../domain/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RedisConnection } from './connection.ts';
import { gather } from './gather.ts';
import type { ServerTime } from './server-time.ts';

/** The server's clock, so that all processes on one Redis cut windows by the same one. */
export function createRedisClock(connection: RedisConnection, serverTime: ServerTime): Clock {
  const ask = gather<Redis, Instant>(Number.POSITIVE_INFINITY, async (asked) => {
    const [redis] = asked as [Redis];
    const now = readTime((await redis.time()) as unknown as TimeReply);
    serverTime.heard(now);
    return asked.map(() => now);
  });
  return { now: async () => serverTime.tell() ?? connection.call(ask), told: () => serverTime.tell() };
}

/** Seconds and microseconds, as texts or numbers. */
export type TimeReply = readonly [string | number, string | number];

export function readTime([seconds, microseconds]: TimeReply): Instant {
  return (BigInt(seconds) * 1_000_000n + BigInt(microseconds)) * 1000n;
}
