import { beforeEach, describe, expect, it } from 'vitest';
import { statuses } from '../../src/domain/transitions.ts';
import type { ListedWorkflow, WorkflowPage } from '../../src/ports/batch-reader.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { at, listing, put } from './fixtures.ts';
import type { Bench } from './store-contract.ts';

const everything: WorkflowPage = { sort: 'name', descending: false, status: null, prefix: '', after: null, limit: 100 };

export function itListsWorkflows(bench: Bench): void {
  describe('the list of workflows', () => {
    let stores: Stores;

    beforeEach(async () => {
      stores = await bench.fresh();
      const days = { sales: '03', Sales: '01', sales2: '02', stock: '02', _x: '02', 'a.b-c': '09' };
      for (const [index, [name, day]] of Object.entries(days).entries()) {
        await put(stores, {
          name,
          listing: listing({ status: statuses[index % 4]!, updated_at: `2026-01-${day}T00:00:00.000001` }),
        });
      }
    });

    async function names(page: Partial<WorkflowPage>): Promise<string[]> {
      return (await stores.reader.workflows({ ...everything, ...page })).map(({ name }) => name);
    }

    it('is in the order of names, either way', async () => {
      const sorted = ['Sales', '_x', 'a.b-c', 'sales', 'sales2', 'stock'];
      expect(await names({})).toEqual(sorted);
      expect(await names({ descending: true })).toEqual(sorted.toReversed());
    });

    it('is in the order of changes, either way, ties by name', async () => {
      const sorted = ['Sales', '_x', 'sales2', 'stock', 'sales', 'a.b-c'];
      expect(await names({ sort: 'updated_at' })).toEqual(sorted);
      expect(await names({ sort: 'updated_at', descending: true })).toEqual(sorted.toReversed());
    });

    it('says status and change of each', async () => {
      const [first] = await stores.reader.workflows({ ...everything, prefix: 'stock' });
      expect(first).toEqual({ name: 'stock', status: 'failed', updatedAt: at('2026-01-02T00:00:00.000001') });
    });

    it('can be narrowed to a status and to a prefix', async () => {
      for (const sort of ['name', 'updated_at'] as const) {
        expect(await names({ sort, status: 'open' })).toEqual(
          sort === 'name' ? ['Sales', 'a.b-c'] : ['Sales', 'a.b-c'],
        );
        expect((await names({ sort, prefix: 'sales' })).sort()).toEqual(['sales', 'sales2']);
        expect(await names({ sort, prefix: 'sales', status: 'new' })).toEqual(['sales']);
        expect(await names({ sort, prefix: 'none' })).toEqual([]);
      }
    });

    it('comes in pages that neither repeat nor leave out', async () => {
      for (const sort of ['name', 'updated_at'] as const) {
        for (const descending of [false, true]) {
          for (const facts of [{}, { prefix: 's' }, { status: 'open' as const }]) {
            for (const limit of [1, 2, 4]) {
              const paged: string[] = [];
              let after: ListedWorkflow | null = null;
              for (;;) {
                const page: ListedWorkflow[] = await stores.reader.workflows({
                  ...everything,
                  ...facts,
                  sort,
                  descending,
                  limit,
                  after,
                });
                expect(page.length).toBeLessThanOrEqual(limit);
                paged.push(...page.map(({ name }) => name));
                if (page.length === 0) break;
                after = page.at(-1) ?? null;
              }
              expect(paged).toEqual(await names({ ...facts, sort, descending }));
            }
          }
        }
      }
    });

    it('in the order of changes begins before or behind all that changed at a moment', async () => {
      const moment = at('2026-01-02T00:00:00.000001');
      const from = (name: string, descending: boolean): Promise<string[]> =>
        names({ sort: 'updated_at', descending, after: { name, updatedAt: moment } });
      expect(await from('', false)).toEqual(['_x', 'sales2', 'stock', 'sales', 'a.b-c']);
      expect(await from('~', false)).toEqual(['sales', 'a.b-c']);
      expect(await from('', true)).toEqual(['Sales']);
      expect(await from('~', true)).toEqual(['stock', 'sales2', '_x', 'Sales']);
    });

    it('follows each commit', async () => {
      await put(stores, { name: 'stock', listing: listing({ status: 'success', updated_at: '2026-02-01' }) });
      expect(await names({ status: 'failed' })).toEqual([]);
      expect(await names({ status: 'success' })).toEqual(['sales2', 'stock']);
      expect(await names({ sort: 'updated_at', descending: true, limit: 1 })).toEqual(['stock']);
      expect(await names({})).toHaveLength(6);
    });

    it('leaves out what was deleted', async () => {
      await put(stores, {
        name: 'stock',
        head: null,
        listing: listing({ status: 'failed', latest_start: '2026-05-01' }),
      });
      for (const page of [
        {},
        { sort: 'updated_at' as const },
        { status: 'failed' as const },
        { status: 'failed' as const, sort: 'updated_at' as const },
      ]) {
        expect(await names(page)).not.toContain('stock');
      }
      expect(await stores.reader.startedAfter(at('2000-01-01'), 10)).toEqual([]);
    });
  });

  describe('the watch of the clock', () => {
    it('reads the clock after the state, so that nothing that it tells of began after its now', async () => {
      let meanwhile: (() => Promise<void>) | null = null;
      const now = async (): Promise<bigint> => {
        const act = meanwhile;
        meanwhile = null;
        const reading = at('2026-01-01');
        await act?.();
        return reading;
      };
      const stores = await bench.fresh({ clock: { now } });
      await put(stores, { name: 'wf1' });
      meanwhile = () => put(stores, { name: 'wf1', ledger: '{"revision":"later"}' });
      expect((await stores.reader.load('wf1')).ledger).toBe('{"revision":1}');
    });

    it('finds the workflows that started after an instant', async () => {
      const stores = await bench.fresh();
      for (const [name, start] of Object.entries({
        a: '2026-01-01',
        b: '2026-01-02T00:00:00.000001',
        c: null,
        d: '2026-01-03',
      })) {
        await put(stores, { name, listing: listing({ latest_start: start }) });
      }
      const after = async (text: string, limit = 10): Promise<string[]> =>
        (await stores.reader.startedAfter(at(text), limit)).sort();
      expect(await after('2025-01-01')).toEqual(['a', 'b', 'd']);
      expect(await after('2026-01-02T00:00:00.000001')).toEqual(['d']);
      expect(await after('2026-01-02')).toEqual(['b', 'd']);
      expect(await after('2025-01-01', 2)).toHaveLength(2);
      await put(stores, { name: 'd', listing: listing({ latest_start: '2025-12-31' }) });
      await put(stores, { name: 'b', listing: listing({ latest_start: null }) });
      expect(await after('2025-01-01')).toEqual(['a', 'd']);
      expect(await after('2026-01-01')).toEqual([]);
    });
  });
}
