import type { Instant } from '../../domain/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RedisConnection } from './connection.ts';

/** The server's clock, so that all processes on one Redis cut windows by the same one. */
export function createRedisClock(connection: RedisConnection): Clock {
  return { now: async () => readTime((await connection.call((redis) => redis.time())) as unknown as TimeReply) };
}

/** Seconds and microseconds, as texts or numbers. */
export type TimeReply = readonly [string | number, string | number];

export function readTime([seconds, microseconds]: TimeReply): Instant {
  return (BigInt(seconds) * 1_000_000n + BigInt(microseconds)) * 1000n;
}
