import type { Clock } from '../../ports/clock.ts';
import type { Stores } from '../../ports/stores.ts';
import { createSqliteReader } from './batch-reader.ts';
import { CommitQueue } from './commit-queue.ts';
import { createSqliteDocuments } from './documents.ts';
import { createSqliteJournal } from './journal.ts';
import { openFile } from './open-file.ts';
import { createSqliteUpkeep } from './upkeep.ts';

export interface SqliteStoresOptions {
  /** Path of the database; it and its folder are made when missing. Several processes may share it, on one machine. */
  readonly file: string;
  /** By which windows are cut and operations forgotten. */
  readonly clock: Clock;
  /** How long a request may wait for another process's lock, in milliseconds; 5000 unless told. */
  readonly lockPatience?: number;
  /** The greatest size of the file in bytes; that of the disk unless told. */
  readonly maxBytes?: number;
}

/**
 * The embedded store: one file, shared by any number of processes of one machine.
 * @throws BatchyError `store-unavailable`, `newer-schema`
 */
export async function createSqliteStores({
  file,
  clock,
  lockPatience = 5000,
  maxBytes,
}: SqliteStoresOptions): Promise<Stores> {
  const options = { lockPatience, maxBytes: maxBytes ?? null };
  const connection = await openFile(file, options);
  const journal = createSqliteJournal(connection);
  const store = new CommitQueue(connection, clock, () => journal.committed());
  const beforeClose = async (): Promise<void> => {
    await store.close();
    journal.close();
  };
  return {
    store,
    reader: createSqliteReader(connection, clock),
    documents: createSqliteDocuments(connection),
    journal,
    clock,
    upkeep: createSqliteUpkeep({ connection, options, clock, beforeClose }),
  };
}
