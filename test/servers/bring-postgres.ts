import path from 'node:path';
import { execa } from 'execa';
import { unpackDebianPackage } from './debian-packages.ts';
import { locatePostgres, postgresCache, unpackedPostgres, type PostgresBinaries } from './postgres-binary.ts';

/** What a reader of a refusal or of a skipped suite can do about it. */
export const howToBringPostgres =
  'run `npm run bring:postgres` (needs apt-get, no root), or install PostgreSQL yourself, or set POSTGRES_BIN to the folder of its `postgres` and `initdb`';

/**
 * Finds PostgreSQL or downloads it: the distribution's own packages, unpacked into our cache folder.
 * @throws Error when there is none and it cannot be brought; the message says what to do
 */
export async function bringPostgres(): Promise<PostgresBinaries> {
  const present = locatePostgres();
  if (present !== undefined) return present;
  if (process.env['POSTGRES_BIN']) {
    throw new Error(`POSTGRES_BIN names ${process.env['POSTGRES_BIN']}, which cannot be used: ${howToBringPostgres}`);
  }
  try {
    await unpackDebianPackage('postgresql', postgresCache, runs);
  } catch (error) {
    throw new Error(`no PostgreSQL here, and none could be brought: ${howToBringPostgres}`, { cause: error });
  }
  const brought = unpackedPostgres(postgresCache);
  if (brought === undefined) throw new Error(`the downloaded packages hold no PostgreSQL: ${howToBringPostgres}`);
  return brought;
}

async function runs(folder: string): Promise<boolean> {
  const unpacked = unpackedPostgres(folder);
  if (unpacked === undefined) return false;
  await execa(path.join(unpacked.folder, 'postgres'), ['--version'], { env: unpacked.env });
  return true;
}

if (import.meta.main) console.log((await bringPostgres()).folder);
