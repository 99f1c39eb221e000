import { accessSync, constants, globSync } from 'node:fs';
import path from 'node:path';

/** PostgreSQL's programs, and the environment that they need beside our own. */
export interface PostgresBinaries {
  /** The folder of `postgres` and `initdb`. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Where a downloaded PostgreSQL is unpacked: inside `node_modules`, so that nothing outside the project is touched. */
export const postgresCache = path.resolve(import.meta.dirname, '../../node_modules/.cache/batchy/postgres');

/**
 * Looks for PostgreSQL: `POSTGRES_BIN` (a folder) first, then the search path, then where Debian keeps its versions (the newest
 * first), then our own cache.
 * @returns undefined when there is none
 */
export function locatePostgres(
  env: NodeJS.ProcessEnv = process.env,
  { system = '/', cache = postgresCache }: { readonly system?: string; readonly cache?: string } = {},
): PostgresBinaries | undefined {
  if (env['POSTGRES_BIN'])
    return holdsServer(env['POSTGRES_BIN']) ? { folder: env['POSTGRES_BIN'], env: {} } : undefined;
  const folders = (env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
  const installed = [...folders, ...versionsIn(system)].find(holdsServer);
  return installed === undefined ? unpackedPostgres(cache) : { folder: installed, env: {} };
}

/** The programs in a folder into which Debian packages were unpacked; their libraries lie beside them, not in the system. */
export function unpackedPostgres(root: string): PostgresBinaries | undefined {
  const folder = versionsIn(root).find(holdsServer);
  if (folder === undefined) return undefined;
  const libraries = globSync(['usr/lib/*-linux-*', 'lib/*-linux-*'], { cwd: root });
  return { folder, env: { LD_LIBRARY_PATH: libraries.map((each) => path.join(root, each)).join(path.delimiter) } };
}

function versionsIn(root: string): string[] {
  const folders = globSync('usr/lib/postgresql/*/bin', { cwd: root });
  const version = (folder: string) => Number.parseInt(folder.split('/').at(-2) ?? '', 10) || 0;
  return folders.sort((one, other) => version(other) - version(one)).map((folder) => path.join(root, folder));
}

function holdsServer(folder: string): boolean {
  return ['postgres', 'initdb'].every((program) => {
    try {
      accessSync(path.join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
