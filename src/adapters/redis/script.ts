import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { isReply } from './server-errors.ts';

export type Script = (redis: Redis, args: readonly string[], scriptKeys?: readonly string[]) => Promise<unknown>;

/**
 * A Lua script beside this file. It is run by its hash; where the server does not know it (first use, restart, SCRIPT
 * FLUSH) its text is sent. A server that does not know the hash has done nothing, so this second sending is safe.
 */
export function loadScript(file: string): Script {
  const text = readFileSync(new URL(file, import.meta.url), 'utf8');
  const hash = createHash('sha1').update(text).digest('hex');
  return async (redis, args, scriptKeys = []) => {
    try {
      return await redis.call('EVALSHA', [hash, scriptKeys.length, ...scriptKeys, ...args]);
    } catch (error) {
      if (isReply(error) && error.message.startsWith('NOSCRIPT'))
        return redis.call('EVAL', [text, scriptKeys.length, ...scriptKeys, ...args]);
      throw error;
    }
  };
}
