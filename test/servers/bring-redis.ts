import { execa } from 'execa';
import { unpackDebianPackage } from './debian-packages.ts';
import { locateRedis, redisCache, unpackedRedis, type RedisBinary } from './redis-binary.ts';

/** What a reader of a refusal or of a skipped suite can do about it. */
export const howToBringRedis =
  'run `npm run bring:redis` (needs apt-get, no root), or install a redis-server yourself, or set REDIS_SERVER to one';

/**
 * Finds a Redis server or downloads one: the distribution's own packages, unpacked into our cache folder.
 * @throws Error when there is none and it cannot be brought; the message says what to do
 */
export async function bringRedis(): Promise<RedisBinary> {
  const present = locateRedis();
  if (present !== undefined) return present;
  if (process.env['REDIS_SERVER']) {
    throw new Error(`REDIS_SERVER names ${process.env['REDIS_SERVER']}, which cannot be run: ${howToBringRedis}`);
  }
  try {
    await unpackDebianPackage('redis-server', redisCache, runs);
  } catch (error) {
    throw new Error(`no redis-server here, and none could be brought: ${howToBringRedis}`, { cause: error });
  }
  const brought = unpackedRedis(redisCache);
  if (brought === undefined) throw new Error(`the downloaded packages hold no redis-server: ${howToBringRedis}`);
  return brought;
}

async function runs(folder: string): Promise<boolean> {
  const unpacked = unpackedRedis(folder);
  if (unpacked === undefined) return false;
  await execa(unpacked.file, ['--version'], { env: unpacked.env });
  return true;
}

/** Tells where it is; or runs it, with the server's own options behind `--`: it may need libraries that lie beside it. */
if (import.meta.main) {
  const { file, env } = await bringRedis();
  const options = process.argv.slice(2);
  if (options.length === 0) console.log(file);
  else await execa(file, options, { env, stdio: 'inherit' });
}
