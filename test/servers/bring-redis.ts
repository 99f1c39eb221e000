import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { locateRedis, redisCache, unpackedRedis, type RedisBinary } from './redis-binary.ts';

/** What a reader of a refusal or of a skipped suite can do about it. */
export const howToBringRedis =
  'run `npm run bring:redis` (needs apt-get, no root), or install a redis-server yourself, or set REDIS_SERVER to one';

/**
 * Finds a Redis server or downloads one: the distribution's own packages, unpacked into our cache folder. The system's
 * package lists, cache and hooks are left alone, and no root is needed. Processes that do this at once do not disturb
 * each other: each unpacks for itself, and moving the folder to its place is atomic, so the first wins.
 * @throws Error when there is none and it cannot be brought; the message says what to do
 */
export async function bringRedis(): Promise<RedisBinary> {
  const present = locateRedis();
  if (present !== undefined) return present;
  if (process.env['REDIS_SERVER']) {
    throw new Error(`REDIS_SERVER names ${process.env['REDIS_SERVER']}, which cannot be run: ${howToBringRedis}`);
  }
  await mkdir(path.dirname(redisCache), { recursive: true });
  const work = await mkdtemp(`${redisCache}-`);
  try {
    await unpackInto(path.join(work, 'root'), work);
    await rename(path.join(work, 'root'), redisCache).catch((error: unknown) => {
      if (unpackedRedis(redisCache) === undefined) throw error;
    });
  } catch (error) {
    throw new Error(`no redis-server here, and none could be brought: ${howToBringRedis}`, { cause: error });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  const brought = unpackedRedis(redisCache);
  if (brought === undefined) throw new Error(`the downloaded packages hold no redis-server: ${howToBringRedis}`);
  return brought;
}

async function unpackInto(root: string, work: string): Promise<void> {
  const configuration = path.join(work, 'apt.conf');
  await mkdir(path.join(work, 'lists/partial'), { recursive: true });
  await mkdir(path.join(work, 'cache/archives/partial'), { recursive: true });
  await writeFile(configuration, aptConfiguration(work));
  const apt = (...args: string[]) =>
    execa('apt-get', ['-c', configuration, ...args], { cwd: work, env: { LC_ALL: 'C' } });

  await apt('update');
  // A simulated installation names exactly what this release of the system lacks.
  const plan = await apt('--simulate', '--no-install-recommends', 'install', 'redis-server');
  const packages = [...plan.stdout.matchAll(/^Inst (\S+)/gm)].map((match) => match[1]!);
  await apt('download', ...packages);
  const { stdout } = await execa('find', [work, '-maxdepth', '1', '-name', '*.deb']);
  for (const file of stdout.split('\n')) await execa('dpkg', ['-x', file, root]);
  const unpacked = unpackedRedis(root);
  if (unpacked === undefined) throw new Error(`${packages.join(', ')} hold no redis-server`);
  await execa(unpacked.file, ['--version'], { env: unpacked.env });
}

/** Own lists and cache, none of the system's hooks (some of them empty the system's cache after an update). */
function aptConfiguration(work: string): string {
  return [
    `Dir::State::Lists "${work}/lists";`,
    `Dir::Cache "${work}/cache";`,
    'APT::Sandbox::User "root";',
    'Debug::NoLocking "true";',
    '#clear APT::Update::Pre-Invoke;',
    '#clear APT::Update::Post-Invoke;',
    '#clear APT::Update::Post-Invoke-Success;',
    '#clear DPkg::Post-Invoke;',
    '',
  ].join('\n');
}

if (import.meta.main) console.log((await bringRedis()).file);
