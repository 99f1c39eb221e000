import { describe, expect, it } from 'vitest';
import type { IndexPage } from '../../src/ports/document-reader.ts';
import type { IndexEntry } from '../../src/ports/store.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { collect, commit, document, entry, put } from './fixtures.ts';
import type { Bench } from './store-contract.ts';

const firstPage: IndexPage = { index: 'all', prefix: '', direction: 'ascending', beyond: null, limit: 1000 };

function members(...names: readonly string[]): IndexEntry[] {
  return names.map((member) => ({ index: 'all', member }));
}

export function itIndexesDocuments(bench: Bench): void {
  describe('an index of documents', () => {
    it('has what was added and not what was removed, of each index by itself', async () => {
      const stores = await bench.fresh();
      expect(await stores.documents.scan(firstPage)).toEqual([]);
      await stores.store.commit(
        commit([document({ id: 'a', add: [...members('a', 'b', 'c'), { index: 'other', member: 'a' }] })]),
      );
      const next = document({ id: 'a', expected: 1, remove: members('a', 'b', 'never'), add: members('c', 'd', 'b') });
      await stores.store.commit(commit([next]));
      expect(await stores.documents.scan(firstPage)).toEqual(['b', 'c', 'd']);
      expect(await stores.documents.scan({ ...firstPage, index: 'other' })).toEqual(['a']);
      await stores.store.commit(
        commit([document({ id: 'a', expected: 2, text: null, remove: members('b', 'c', 'd') })]),
      );
      expect(await stores.documents.scan(firstPage)).toEqual([]);
    });

    // As no dictionary has them: capitals before small letters, signs in between, a space before all.
    const sorted = [
      ' ',
      ' a',
      '!',
      '10',
      '2',
      'A',
      'B',
      'Z',
      '_',
      'a',
      'a ',
      'a b',
      'a!',
      'a:1',
      'aa',
      'ab',
      'b',
      'z',
      '~',
    ];
    const unsorted = sorted.toSorted((one, other) => one.length - other.length || (one < other ? 1 : -1));

    it.each(['ascending', 'descending'] as const)('is read by bytes, %s, in pages of any size', async (direction) => {
      const stores = await bench.fresh();
      await stores.store.commit(commit([document({ id: 'a', add: members(...unsorted) })]));
      const expected = direction === 'ascending' ? sorted : sorted.toReversed();
      for (const limit of [1, 2, 7, 100]) {
        const paged: string[] = [];
        for (let beyond: string | null = null; ;) {
          const page: string[] = await stores.documents.scan({ ...firstPage, direction, beyond, limit });
          expect(page.length).toBeLessThanOrEqual(limit);
          if (page.length === 0) break;
          paged.push(...page);
          beyond = page.at(-1) ?? null;
        }
        expect(paged).toEqual(expected);
      }
    });

    it.each(['', 'a', 'a ', 'b', 'c', '~', 'Z'])(
      'is read from any place among those that begin with %j',
      async (prefix) => {
        const stores = await bench.fresh();
        await stores.store.commit(commit([document({ id: 'a', add: members(...unsorted) })]));
        const begins = sorted.filter((member) => member.startsWith(prefix));
        for (const beyond of [null, ...sorted, 'c', 'aaa']) {
          const above = begins.filter((member) => beyond === null || member > beyond);
          const below = begins.filter((member) => beyond === null || member < beyond).toReversed();
          const page = { ...firstPage, prefix, beyond, limit: 3 };
          expect(await stores.documents.scan(page)).toEqual(above.slice(0, 3));
          expect(await stores.documents.scan({ ...page, direction: 'descending' })).toEqual(below.slice(0, 3));
        }
      },
    );
  });

  describe('a sequence', () => {
    it('begins at 1 and goes on behind what was reserved, each by itself', async () => {
      const { documents } = await bench.fresh();
      expect(await documents.reserve('executions', 1)).toBe(1);
      expect(await documents.reserve('executions', 10)).toBe(2);
      expect(await documents.reserve('instances', 1)).toBe(1);
      expect(await documents.reserve('executions', 1)).toBe(12);
    });

    it('gives no number twice, to however many at a time and from wherever', async () => {
      const [one, other] = await bench.pair();
      const ranges = await Promise.all(
        Array.from({ length: 60 }, async (_, index) => {
          const count = 1 + (index % 3);
          const first = await (index % 2 === 0 ? one : other).documents.reserve('executions', count);
          return Array.from({ length: count }, (_each, place) => first + place);
        }),
      );
      const numbers = ranges.flat().sort((left, right) => left - right);
      expect(numbers).toEqual(Array.from({ length: 120 }, (_, index) => index + 1));
      expect(await other.documents.reserve('executions', 1)).toBe(121);
    });
  });

  describe('an archive of documents', () => {
    const ids = ['1', 'a:b', '*'];

    async function fill(stores: Stores): Promise<void> {
      await stores.store.commit(
        commit(ids.map((id) => document({ id, text: `ünï\n${id}`, add: members(`all ${id}`) }))),
      );
      await stores.store.commit(
        commit([document({ id: '1', expected: 1, text: 'again' })], { journal: [entry({ workflow: null })] }),
      );
      const many = Array.from({ length: 450 }, (_, index) => `member ${String(index).padStart(4, '0')}`);
      await stores.store.commit(
        commit([
          document({ id: 'a', collection: 'others', add: many.map((member) => ({ index: 'long:one', member })) }),
        ]),
      );
      await stores.documents.reserve('executions', 41);
      await stores.documents.reserve('instances', 1);
    }

    async function read({ documents }: Stores) {
      return {
        texts: await documents.get([
          ...ids.map((id) => ({ collection: 'things', id })),
          { collection: 'others', id: 'a' },
        ]),
        all: await documents.scan(firstPage),
        long: await documents.scan({ ...firstPage, index: 'long:one' }),
      };
    }

    it('carries them into an empty store, which goes on where the other stopped', async () => {
      const from = await bench.fresh();
      const to = await bench.fresh();
      await fill(from);
      const items = await collect(from.upkeep.exportAll());
      await to.upkeep.importAll(from.upkeep.exportAll());
      expect(items.filter(({ kind }) => kind === 'document')).toHaveLength(4);
      expect(await read(to)).toEqual(await read(from));
      expect((await read(to)).long).toHaveLength(450);
      expect((await read(to)).texts[0]).toEqual({ revision: 2, text: 'again' });
      expect(await to.documents.reserve('executions', 1)).toBe(42);
      expect(await to.documents.reserve('instances', 1)).toBe(2);
      expect(await to.store.commit(commit([document({ id: '1', expected: 2 })]))).toMatchObject({ kind: 'committed' });
      const journal = await to.journal.read({ workflow: null, direction: 'ascending', beyond: null, limit: 10 });
      expect(journal.map((line) => line.entry.workflow)).toEqual([null]);
    });

    it('is refused by a store that has a document', async () => {
      const from = await bench.fresh();
      const to = await bench.fresh();
      await put(from, { name: 'wf1' });
      await to.store.commit(commit([document({ id: 'a' })]));
      await expect(to.upkeep.importAll(from.upkeep.exportAll())).rejects.toMatchObject({ code: 'foreign-data' });
      expect(await to.reader.peek('wf1')).toEqual({ head: null, ledger: null });
    });
  });
}
