import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import type { Stores } from '../../src/ports/stores.ts';
import type { Clock } from '../../src/ports/clock.ts';

/** Memory stores that know how many listen to their journal: who waits, and who has stopped waiting. */
export function watchedStores(): {
  readonly openStores: (clock: Clock) => Promise<Stores>;
  readonly watchers: () => number;
} {
  let watchers = 0;
  return {
    watchers: () => watchers,
    async openStores(clock) {
      const stores = await createMemoryStores({ clock });
      return {
        ...stores,
        journal: {
          ...stores.journal,
          subscribe: (onChange) => {
            const unsubscribe = stores.journal.subscribe(onChange);
            watchers += 1;
            return () => {
              watchers -= 1;
              unsubscribe();
            };
          },
        },
      };
    },
  };
}
