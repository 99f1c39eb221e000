import { describe, expect, it } from 'vitest';
import { BatchyError } from '../../src/domain/errors.ts';
import type { ArchivedItem } from '../../src/ports/upkeep.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { at, change, collect, commit, entry, listing, loaded, operation, outcome, put, record } from './fixtures.ts';
import type { Bench } from './store-contract.ts';

const journalOf = { workflow: null, direction: 'ascending', beyond: null, limit: 100 } as const;
const allWorkflows = {
  sort: 'updated_at',
  descending: false,
  status: null,
  prefix: '',
  after: null,
  limit: 100,
} as const;

export function itMovesAndForgets(bench: Bench): void {
  describe('upkeep', () => {
    it('answers a ping and warns in sentences', async () => {
      const { upkeep } = await bench.fresh();
      await upkeep.ping();
      for (const warning of await upkeep.warnings()) expect(warning).toMatch(/\.$/);
    });
  });

  describe('pruning', () => {
    const before = at('2026-02-01');
    const old = at('2026-01-05');
    const done = loaded('2026-01-01', '2026-01-02');

    async function pruneAll(stores: Stores, limit: number): Promise<number> {
      let total = 0;
      for (let removed = -1; removed !== 0; total += removed) removed = await stores.upkeep.prune(before, limit);
      return total;
    }

    it.each([1, 3, 100])('forgets what ended long ago, %i at a time, and nothing else', async (limit) => {
      const stores = await bench.fresh();
      await put(
        stores,
        {
          name: 'wf1',
          head: new Map([
            ['a', '{"batch_id":7,"status":"success"}'],
            ['b', '{"batch_id":20}'],
          ]),
          records: [
            record(5, { a: { outcome: done, copy: new Map([['rows', 1]]) } }, { openedAt: old }),
            record(6, { a: outcome({ status: 'failed', batchEnd: old }) }, { kind: 'backfill', openedAt: old }),
            record(6, { a: outcome({ status: 'new' }) }, { id: '6-init', kind: 'init', openedAt: old }),
            record(7, { a: done }, { openedAt: old }),
            record(8, { a: done }, { kind: 'foreign', openedAt: old }),
            record(9, { a: outcome() }, { openedAt: old }),
            record(10, { a: { ...done, batchEnd: at('2026-02-02') } }, { openedAt: old }),
            record(20, { a: done }, { openedAt: at('2026-02-02') }),
          ],
        },
        [
          entry({ at: old, batchId: 1 }),
          entry({ at: old, batchId: 2, workflow: 'wf2' }),
          entry({ at: at('2026-02-01'), batchId: 3 }),
        ],
      );
      await put(stores, { name: 'gone', records: [record(5, { a: done }, { openedAt: old })] });
      await put(stores, { name: 'gone', head: null });

      expect(await pruneAll(stores, limit)).toBe(6);
      const kept = await stores.reader.records('wf1', { before: null, limit: 100, kinds: [] });
      expect(kept.map(({ id }) => id)).toEqual(['20', '10', '9', '8', '7']);
      expect(await stores.reader.record('wf1', '5')).toBeNull();
      expect(await stores.reader.copy('wf1', '5')).toBeNull();
      expect(await stores.reader.record('gone', '5')).toBeNull();
      const windows = await stores.reader.windows('wf1', 'a', { after: null, limit: 100 });
      expect(windows.map(({ batchId }) => batchId)).toEqual([7, 8, 10, 20]);
      expect((await stores.journal.read(journalOf)).map((line) => line.entry.batchId)).toEqual([3]);
      expect(await stores.journal.read({ ...journalOf, workflow: 'wf2' })).toEqual([]);
      expect((await stores.reader.peek('gone')).ledger).toBe('{"revision":1}');
    });

    it('forgets a load whose number is that of a batch, and not what that batch covers', async () => {
      const stores = await bench.fresh();
      const records = [
        record(5, { a: done }, { openedAt: at('2026-02-02') }),
        record(5, { a: outcome({ status: 'new' }) }, { id: '5-init', kind: 'init', openedAt: old }),
      ];
      await put(stores, { name: 'wf1', records });
      await pruneAll(stores, 100);
      expect(await stores.reader.record('wf1', '5-init')).toBeNull();
      const windows = await stores.reader.windows('wf1', 'a', { after: null, limit: 10 });
      expect(windows.map(({ batchId }) => batchId)).toEqual([5]);
    });

    it('does not make the journal begin anew', async () => {
      const stores = await bench.fresh();
      await stores.store.commit(commit([], { journal: [entry({ at: old }), entry({ at: old })] }));
      const { last } = await stores.journal.bounds();
      await pruneAll(stores, 100);
      const outcome = await stores.store.commit(commit([], { journal: [entry()] }));
      expect(outcome.kind === 'committed' && outcome.sequences[0]).toBeGreaterThan(last);
    });
  });

  describe('an archive', () => {
    async function fill(stores: Stores) {
      const kept = operation({ answer: { status: 200, headers: { etag: '"x"' }, body: 'ünï' } });
      const head = new Map([
        ['ümläut: 漢字', '{"rows":1.0}'],
        ['__proto__', '{}'],
      ]);
      const records = [
        record(5, {
          'ümläut: 漢字': { outcome: loaded('2026-01-01', '2026-01-02'), copy: new Map([['rows', 1]]) },
          __proto2__: outcome(),
        }),
        record(5, { a: outcome() }, { id: '5-init', kind: 'init' }),
        record(6, { a: loaded('2026-01-02', '2026-01-03') }, { kind: 'foreign' }),
      ];
      const first = change({
        name: 'wf1',
        head,
        ledger: '{"x":[]}',
        records,
        listing: listing({ status: 'open', updated_at: '2026-01-02T00:00:00.000001', latest_start: '2026-01-02' }),
      });
      await stores.store.commit(
        commit([first, change({ name: 'wf2' })], { operation: kept, journal: [entry(), entry({ workflow: 'wf2' })] }),
      );
      await put(stores, { name: 'gone', records: [record(7, { a: outcome() })] });
      await put(stores, { name: 'gone', head: null, ledger: '{"lastBatchId":7}' }, [entry({ workflow: 'gone' })]);
      return kept;
    }

    async function read(stores: Stores) {
      const { reader, journal } = stores;
      const names = ['wf1', 'wf2', 'gone'];
      return {
        workflows: await Promise.all(
          names.map(async (name) => [
            (await reader.peek(name)).ledger,
            Object.fromEntries((await reader.peek(name)).head ?? []),
          ]),
        ),
        listed: await reader.workflows(allWorkflows),
        started: await reader.startedAfter(at('2000-01-01'), 10),
        records: await Promise.all(names.map((name) => reader.records(name, { before: null, limit: 10, kinds: [] }))),
        windows: await Promise.all(
          ['ümläut: 漢字', 'a'].map((job) => reader.windows('wf1', job, { after: null, limit: 10 })),
        ),
        copies: [await reader.copy('wf1', '5'), await reader.copy('wf1', '6')],
        journal: await journal.read(journalOf),
        ofOne: await journal.read({ ...journalOf, workflow: 'wf2' }),
      };
    }

    it('carries everything into an empty store, which then goes on where the other stopped', async () => {
      const from = await bench.fresh();
      const to = await bench.fresh();
      const kept = await fill(from);
      const items = await collect(from.upkeep.exportAll());
      expect(await to.upkeep.importAll(stream(items))).toBe(items.length);

      expect(await read(to)).toEqual(await read(from));
      expect(await to.reader.operation(kept.id)).toEqual(await from.reader.operation(kept.id));
      expect(await to.store.commit(commit([], { operation: kept }))).toMatchObject({ kind: 'repeated' });
      const { last } = await from.journal.bounds();
      const outcome = await to.store.commit(commit([], { journal: [entry()] }));
      expect(outcome.kind === 'committed' && outcome.sequences[0]).toBeGreaterThan(last);
      const again = await collect(to.upkeep.exportAll());
      expect(again.filter(({ kind }) => kind === 'workflow' || kind === 'record')).toHaveLength(7);
    });

    it('is refused by a store that holds something', async () => {
      const from = await bench.fresh();
      const to = await bench.fresh();
      await fill(from);
      await put(to, { name: 'wf9' });
      const refused = to.upkeep.importAll(from.upkeep.exportAll());
      await expect(refused).rejects.toThrow(BatchyError);
      await expect(refused).rejects.toMatchObject({ code: 'foreign-data' });
      expect((await to.reader.workflows(allWorkflows)).map(({ name }) => name)).toEqual(['wf9']);
    });
  });
}

async function* stream(items: readonly ArchivedItem[]): AsyncIterable<ArchivedItem> {
  yield* items;
}
