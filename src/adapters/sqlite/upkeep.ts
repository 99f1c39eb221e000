import { BatchyError } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ArchivedItem, Upkeep } from '../../ports/upkeep.ts';
import { archiveAll, isEmpty, restoreItem } from './archive.ts';
import { type ConnectionOptions, SqliteConnection } from './connection.ts';
import { translateDriverError } from './driver-errors.ts';
import { assertKnownSchema } from './open-file.ts';
import { prune } from './pruning.ts';
import { assertReadable } from './soundness.ts';
import { fileWarnings } from './warnings.ts';
import { unlistedWorkflows } from './workflow-list.ts';

export interface UpkeepParts {
  readonly connection: SqliteConnection;
  /** For connections of its own, where a read or a write lasts longer than one turn. */
  readonly options: ConnectionOptions;
  readonly clock: Clock;
  /** Ends what else uses the connection, before it is closed. */
  readonly beforeClose: () => Promise<void>;
}

export function createSqliteUpkeep({ connection, options, clock, beforeClose }: UpkeepParts): Upkeep {
  let closing: Promise<void> | null = null;
  return {
    ping: () =>
      connection.whenFree(() => {
        connection.assertInPlace();
        assertKnownSchema(connection);
        assertReadable(connection);
      }),
    warnings: () => fileWarnings(connection),
    prune: async (before, limit) => prune(connection, before, limit, await clock.now()),
    async *foreignKeys() {
      // No other program writes here, but what one wrote may have come in from another store.
      yield* await connection.whenFree(() => unlistedWorkflows(connection));
    },
    exportAll: () => exportAll(connection.file, options),
    importAll: (items) => importAll(connection.file, options, items),
    close: () => (closing ??= beforeClose().then(() => closeFile(connection))),
  };
}

async function* exportAll(file: string, options: ConnectionOptions): AsyncIterable<ArchivedItem> {
  const own = await SqliteConnection.open(file, options);
  try {
    yield* archiveAll(own);
  } catch (error) {
    throw translateDriverError(file, error);
  } finally {
    own.close();
  }
}

/** In one transaction, so that an archive that breaks off leaves the store as empty as it was. */
async function importAll(
  file: string,
  options: ConnectionOptions,
  items: AsyncIterable<ArchivedItem>,
): Promise<number> {
  const own = await SqliteConnection.open(file, options);
  try {
    await own.whenFree(() => own.exec('BEGIN IMMEDIATE'));
    if (!isEmpty(own))
      throw new BatchyError(
        'foreign-data',
        `The store ${file} that should take in the archive is not empty. Name an empty one.`,
      );
    let count = 0;
    for await (const item of items) {
      restoreItem(own, item);
      count += 1;
    }
    own.exec('COMMIT');
    return count;
  } catch (error) {
    throw translateDriverError(file, error);
  } finally {
    // Rolls back what was not committed.
    own.close();
  }
}

function closeFile(connection: SqliteConnection): void {
  try {
    connection.pragma('wal_checkpoint(TRUNCATE)');
  } catch {
    // Somebody else is at work: the log is complete, and the last to close, or the next to open, folds it in.
  }
  connection.close();
}
