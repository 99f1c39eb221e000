import type { ArchivedItem, Upkeep } from '../ports/upkeep.ts';

/** How many things have been moved so far, by what they are. */
export type MovedItems = Readonly<Record<ArchivedItem['kind'], number>>;

/** Items between two reports: often enough for somebody who watches, seldom enough to cost nothing. */
const reportEvery = 1000;

/**
 * Copies all that one store holds into another, empty one: heads, ledgers, records, journal, remembered operations, documents
 * with their indexes, and sequences. The source is only read. Nobody should change it meanwhile: what comes after the reading is not in the copy.
 *
 * @param onProgress told every thousand items, and once at the end
 * @throws BatchyError `foreign-data` when the target is not empty or an item cannot be read, `store-unavailable`, `store-full`
 */
export async function migrateAll(
  from: Upkeep,
  to: Upkeep,
  onProgress: (moved: MovedItems) => void = () => undefined,
): Promise<MovedItems> {
  const moved = { workflow: 0, record: 0, journal: 0, operation: 0, document: 0, index: 0, sequence: 0 };
  async function* counted(): AsyncIterable<ArchivedItem> {
    let total = 0;
    for await (const item of from.exportAll()) {
      yield item;
      // Counted when the target asks for the next one: by then it has taken this one in.
      moved[item.kind] += 1;
      total += 1;
      if (total % reportEvery === 0) onProgress({ ...moved });
    }
  }
  await to.importAll(counted());
  onProgress({ ...moved });
  return moved;
}
