import { afterEach, describe } from 'vitest';
import type { Clock } from '../../src/ports/clock.ts';
import type { Stores } from '../../src/ports/stores.ts';
import type { ContractDatabase, CreateDatabase } from './fixtures.ts';
import { itCommits } from './commits.ts';
import { itKeepsDocuments } from './documents.ts';
import { itIndexesDocuments } from './document-indexes.ts';
import { itJournals } from './journals.ts';
import { itListsWorkflows } from './listings.ts';
import { itMovesAndForgets } from './upkeeps.ts';
import { itKeepsRecords } from './records.ts';
import { itFiresSchedulesOnce } from './schedules.ts';

/** What the suites open stores by; all that was opened is closed after each test. */
export interface Bench {
  /** Stores on an empty database. */
  fresh(options?: { readonly clock?: Clock }): Promise<Stores>;
  /** Two views of one empty database; one and the same where the adapter cannot be shared. */
  pair(options?: { readonly clock?: Clock }): Promise<readonly [Stores, Stores]>;
}

/** What every adapter of the store's ports must do. Run it on each, the real servers included. */
export function storeContract(name: string, create: CreateDatabase): void {
  describe(`the stores of ${name}`, () => {
    const opened: Stores[] = [];
    const databases: ContractDatabase[] = [];

    async function database(): Promise<ContractDatabase> {
      const created = await create();
      databases.push(created);
      return created;
    }

    async function open(on: ContractDatabase, options?: { readonly clock?: Clock }): Promise<Stores> {
      const stores = await on.open(options);
      opened.push(stores);
      return stores;
    }

    const bench: Bench = {
      fresh: async (options) => open(await database(), options),
      async pair(options) {
        const on = await database();
        const one = await open(on, options);
        return [one, on.shared ? await open(on, options) : one];
      },
    };

    afterEach(async () => {
      for (const stores of opened.splice(0)) await stores.upkeep.close();
      for (const created of databases.splice(0)) await created.remove();
    });

    itCommits(bench);
    itKeepsRecords(bench);
    itListsWorkflows(bench);
    itJournals(bench);
    itKeepsDocuments(bench);
    itIndexesDocuments(bench);
    itFiresSchedulesOnce(bench);
    itMovesAndForgets(bench);
  });
}
