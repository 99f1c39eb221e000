import type { BatchReader } from './batch-reader.ts';
import type { DocumentReader } from './document-reader.ts';
import type { Clock } from './clock.ts';
import type { Journal } from './journal.ts';
import type { Store } from './store.ts';
import type { Upkeep } from './upkeep.ts';

/** One store, seen through all of its ports. */
export interface Stores {
  readonly store: Store;
  readonly reader: BatchReader;
  readonly documents: DocumentReader;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly upkeep: Upkeep;
}
