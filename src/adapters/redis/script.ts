import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { isReply } from './server-errors.ts';

/** @param lists of arguments, one after the other */
export type Script = (
  redis: Redis,
  scriptKeys: readonly string[],
  ...lists: readonly (readonly string[])[]
) => Promise<unknown>;

/**
 * A Lua script beside this file. It is run by its hash; where the server does not know it (first use, restart, SCRIPT
 * FLUSH) its text is sent. A server that does not know the hash has done nothing, so this second sending is safe.
 */
export function loadScript(file: string): Script {
  const text = readFileSync(new URL(file, import.meta.url), 'utf8');
  const hash = createHash('sha1').update(text).digest('hex');
  return async (redis, scriptKeys, ...lists) => {
    // The driver lays lists flat itself: laid flat here, they would be copied twice.
    const given = [scriptKeys.length, scriptKeys, ...lists] as unknown as string[];
    try {
      return await redis.call('EVALSHA', hash, ...given);
    } catch (error) {
      if (isReply(error) && error.message.startsWith('NOSCRIPT')) return redis.call('EVAL', text, ...given);
      throw error;
    }
  };
}
