import type { Clock } from '../../ports/clock.ts';
import type { Stores } from '../../ports/stores.ts';
import { createMemoryReader } from './batch-reader.ts';
import { emptyDatabase } from './database.ts';
import { createMemoryDocuments } from './documents.ts';
import { createMemoryJournal } from './journal.ts';
import { createMemoryStore } from './store.ts';
import { createMemoryUpkeep } from './upkeep.ts';

export interface MemoryStoresOptions {
  /** By which windows are cut and operations forgotten. */
  readonly clock: Clock;
}

/** A store that lives and dies with the process: for tests, and as the plainest statement of what the ports promise. */
export function createMemoryStores({ clock }: MemoryStoresOptions): Promise<Stores> {
  const database = emptyDatabase();
  return Promise.resolve({
    store: createMemoryStore(database, clock),
    reader: createMemoryReader(database, clock),
    documents: createMemoryDocuments(database),
    journal: createMemoryJournal(database),
    clock,
    upkeep: createMemoryUpkeep(database, clock),
  });
}
