import { decodeJournalEntry, executionStatusOf, isOffer } from '../../domain/change-text.ts';
import type { Journal } from '../../ports/journal.ts';
import type { MemoryDatabase } from './database.ts';

export function createMemoryJournal(database: MemoryDatabase): Journal {
  return {
    async read({ workflow, direction, beyond, limit }) {
      const ascending = direction === 'ascending';
      const found = database.journal.filter(
        (entry) =>
          (workflow === null || entry.workflow === workflow) &&
          (beyond === null || (ascending ? entry.sequence > beyond : entry.sequence < beyond)),
      );
      const page = ascending ? found.slice(0, limit) : found.toReversed().slice(0, limit);
      return page.map(({ sequence, text }) => ({ sequence, entry: decodeJournalEntry(text) }));
    },
    async executionStatuses(beyond, limit) {
      const found = database.journal.filter(({ sequence }) => sequence > beyond).slice(0, limit);
      return {
        last: found.at(-1)?.sequence ?? beyond,
        isMore: found.length === limit,
        statuses: new Set(found.flatMap(({ text }) => executionStatusOf(text) ?? [])),
        offersParts: found.some(({ text }) => isOffer(text)),
      };
    },
    bounds: async () => ({ first: database.journal[0]?.sequence ?? 0, last: database.journal.at(-1)?.sequence ?? 0 }),
    subscribe(onChange) {
      const watcher = (): void => {
        if (database.watchers.has(watcher)) onChange();
      };
      database.watchers.add(watcher);
      return () => database.watchers.delete(watcher);
    },
  };
}
