import { accessSync, constants, globSync } from 'node:fs';
import path from 'node:path';

/** A `redis-server` that can be started, and the environment that it needs beside our own. */
export interface RedisBinary {
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Where a downloaded Redis is unpacked: inside `node_modules`, so that nothing outside the project is touched. */
export const redisCache = path.resolve(import.meta.dirname, '../../node_modules/.cache/batchy/redis');

/**
 * Looks for a Redis server: `REDIS_SERVER` (a file) first, then the search path, then our own cache.
 * @returns undefined when there is none
 */
export function locateRedis(env: NodeJS.ProcessEnv = process.env, cache: string = redisCache): RedisBinary | undefined {
  if (env['REDIS_SERVER']) {
    return isExecutable(env['REDIS_SERVER']) ? { file: env['REDIS_SERVER'], env: {} } : undefined;
  }
  const folders = (env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
  const installed = folders.map((folder) => path.join(folder, 'redis-server')).find(isExecutable);
  return installed === undefined ? unpackedRedis(cache) : { file: installed, env: {} };
}

/** The server in a folder into which Debian packages were unpacked; its libraries lie beside it, not in the system. */
export function unpackedRedis(root: string): RedisBinary | undefined {
  const file = path.join(root, 'usr/bin/redis-server');
  if (!isExecutable(file)) return undefined;
  const libraries = globSync(['usr/lib/*-linux-*', 'lib/*-linux-*'], { cwd: root });
  return { file, env: { LD_LIBRARY_PATH: libraries.map((folder) => path.join(root, folder)).join(path.delimiter) } };
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
