import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { BatchyError } from '../../domain/errors.ts';
import { type ConnectionOptions, SqliteConnection } from './connection.ts';
import { translateDriverError } from './driver-errors.ts';
import { applicationId, schemaSteps, schemaVersion } from './schema.ts';

/**
 * Opens the store's file, which is made when it is missing (folder 0700, file 0600), and brings its tables up to date.
 * @throws BatchyError `store-unavailable` (no such place, no database, another program's), `newer-schema`
 */
export async function openFile(path: string, options: ConnectionOptions): Promise<SqliteConnection> {
  const file = resolve(path);
  createMissing(file);
  const connection = await SqliteConnection.open(file, options);
  try {
    await connection.whenFree(() => assertOurs(connection));
    await connection.whenFree(() => connection.pragma('journal_mode = WAL'));
    await connection.whenFree(() => {
      if (storedVersion(connection) < schemaVersion) connection.transaction(() => migrate(connection));
    });
    return connection;
  } catch (error) {
    connection.close();
    throw translateDriverError(file, error);
  }
}

function createMissing(file: string): void {
  try {
    makeFolder(dirname(file));
    if (existsSync(file)) return;
    // `wx` opens nothing that exists: closing a second descriptor of a database would drop this process's locks on it.
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    // Another process may have been quicker.
    if (existsSync(file)) return;
    const said = error instanceof Error ? error.message : String(error);
    throw new BatchyError(
      'store-unavailable',
      `The store ${file} cannot be created (${said}). Name a file in a folder that may be written.`,
      { cause: error },
    );
  }
}

function storedVersion(connection: SqliteConnection): number {
  return connection.pragma('user_version') as number;
}

/** @throws BatchyError `store-unavailable`, `newer-schema` */
function assertOurs(connection: SqliteConnection): void {
  const { tables } = connection.get<{ tables: number }>('SELECT count(*) AS tables FROM sqlite_schema') as {
    tables: number;
  };
  if (connection.pragma('application_id') !== applicationId && tables > 0) {
    throw new BatchyError(
      'store-unavailable',
      `${connection.file} is another program's database. It is left untouched; name another file.`,
    );
  }
  assertKnownSchema(connection);
}

/**
 * A newer release, in another process, may migrate the file while we use it: every write asks again.
 * @throws BatchyError `newer-schema`
 */
export function assertKnownSchema(connection: SqliteConnection): void {
  const version = storedVersion(connection);
  if (version <= schemaVersion) return;
  throw new BatchyError(
    'newer-schema',
    `The store ${connection.file} has version ${version}, written by a newer release; this one knows up to version ${schemaVersion}. Start the newer release, or restore the backup made before it.`,
    { facts: { version, known: schemaVersion } },
  );
}

function migrate(connection: SqliteConnection): void {
  // Another process may have been quicker while this one waited for the lock.
  assertKnownSchema(connection);
  for (const step of schemaSteps.slice(storedVersion(connection))) connection.exec(step);
  connection.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}`);
}

/** One by one: Node's `recursive` tries for ever where a system's own folder (`/proc`) says that nothing is there to make it in. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (!existsSync(folder)) throw error;
  }
}
