import { describe, expect, it } from 'vitest';
import type { RecordKind } from '../../src/domain/change.ts';
import type { Json } from '../../src/domain/json.ts';
import { formatInstant } from '../../src/domain/time.ts';
import type { RecordCursor } from '../../src/ports/batch-reader.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { at, loaded, outcome, put, record } from './fixtures.ts';
import type { Bench } from './store-contract.ts';

export function itKeepsRecords(bench: Bench): void {
  describe('a record', () => {
    it('is read back as it was written', async () => {
      const stores = await bench.fresh();
      const job = outcome({
        status: 'failed',
        fromDate: at('1776-07-04T23:59:00'),
        until: at('2026-01-02T03:04:05.123456'),
        batchStart: at('2026-01-02'),
        batchEnd: at('2026-01-03'),
        reason: 'disk "full"',
        endedBy: 'ops',
      });
      await put(stores, { name: 'wf1', records: [record(5, { 'job: 1': job })] });
      expect(await stores.reader.record('wf1', '5')).toEqual({
        id: '5',
        opening: { kind: 'batch', number: 5, openedAt: at('2026-01-01T00:00:05'), openedBy: 'test' },
        jobs: new Map([['job: 1', job]]),
      });
      expect(await stores.reader.record('wf2', '5')).toBeNull();
      expect(await stores.reader.record('wf1', '6')).toBeNull();
    });

    it('keeps its opening and takes in job after job', async () => {
      const stores = await bench.fresh();
      await put(stores, { name: 'wf1', records: [record(5, { a: outcome(), b: outcome() })] });
      await put(stores, {
        name: 'wf1',
        records: [
          record(5, { b: outcome({ status: 'failed' }), c: outcome({ status: 'success' }) }, { kind: 'foreign' }),
        ],
      });
      const found = await stores.reader.record('wf1', '5');
      expect(found?.opening.kind).toBe('batch');
      expect([...(found?.jobs ?? [])].map(([job, { status }]) => `${job} ${status}`).sort()).toEqual([
        'a open',
        'b failed',
        'c success',
      ]);
    });

    it('takes two writes of one commit', async () => {
      const stores = await bench.fresh();
      const records = [
        record(5, { a: loaded('2026-01-01', '2026-01-02') }),
        record(5, { b: outcome() }),
        record(5, { a: outcome({ status: 'failed' }) }),
      ];
      await put(stores, { name: 'wf1', records });
      const found = await stores.reader.record('wf1', '5');
      expect([...(found?.jobs ?? [])].map(([job, { status }]) => `${job} ${status}`).sort()).toEqual([
        'a failed',
        'b open',
      ]);
      expect(await stores.reader.windows('wf1', 'a', { after: null, limit: 10 })).toEqual([]);
    });

    it('for absent ones only, leaves one that is there alone, its windows too', async () => {
      const stores = await bench.fresh();
      const adopted = (until: string) =>
        record(
          5,
          { a: { outcome: loaded('2026-01-01', until), copy: new Map([['until', until]]) } },
          { kind: 'foreign', only: 'absent' },
        );
      await put(stores, { name: 'wf1', records: [adopted('2026-01-02')] });
      const first = await stores.reader.record('wf1', '5');
      await put(stores, {
        name: 'wf1',
        records: [adopted('2026-01-09'), record(6, { a: outcome() }, { only: 'absent' })],
      });
      expect(await stores.reader.record('wf1', '5')).toEqual(first);
      expect(await stores.reader.copy('wf1', '5')).toEqual(new Map([['a', new Map([['until', '2026-01-02']])]]));
      expect((await stores.reader.windows('wf1', 'a', { after: null, limit: 10 })).map(({ until }) => until)).toEqual([
        at('2026-01-02'),
      ]);
      expect(await stores.reader.record('wf1', '6')).not.toBeNull();
    });

    it('of another program’s batch, leaves a record of ours that has its id alone', async () => {
      const stores = await bench.fresh();
      const ours = { a: { outcome: loaded('2026-01-01', '2026-01-02'), copy: new Map([['whose', 'ours']]) } };
      const theirs = { a: { outcome: outcome({ status: 'failed' }), copy: new Map([['whose', 'theirs']]) } };
      const foreign = (number: number) => record(number, theirs, { kind: 'foreign', only: 'foreign' });
      await put(stores, { name: 'wf1', records: [record(5, ours)] });
      const before = await stores.reader.record('wf1', '5');
      await put(stores, { name: 'wf1', records: [foreign(5), foreign(6)] });
      await put(stores, { name: 'wf1', records: [foreign(6)] });
      expect(await stores.reader.record('wf1', '5')).toEqual(before);
      expect(await stores.reader.copy('wf1', '5')).toEqual(new Map([['a', new Map([['whose', 'ours']])]]));
      expect(await stores.reader.windows('wf1', 'a', { after: null, limit: 10 })).toHaveLength(1);
      expect(await stores.reader.copy('wf1', '6')).toEqual(new Map([['a', new Map([['whose', 'theirs']])]]));
    });

    it('has a copy for other programs, where one was given', async () => {
      const stores = await bench.fresh();
      const copy = new Map<string, Json>([
        ['text', 'ünï'],
        ['rows', 7],
      ]);
      await put(stores, {
        name: 'wf1',
        records: [record(5, { a: { outcome: outcome(), copy }, b: outcome() }), record(6, { a: outcome() })],
      });
      expect(await stores.reader.copy('wf1', '5')).toEqual(new Map([['a', copy]]));
      expect(await stores.reader.copy('wf1', '6')).toBeNull();
      await put(stores, {
        name: 'wf1',
        records: [record(5, { b: { outcome: outcome(), copy: new Map([['rows', 8]]) } })],
      });
      expect(await stores.reader.copy('wf1', '5')).toEqual(
        new Map([
          ['a', copy],
          ['b', new Map([['rows', 8]])],
        ]),
      );
    });
  });

  describe('the history of a workflow', () => {
    async function pages(stores: Stores, kinds: readonly RecordKind[], limit: number): Promise<string[]> {
      const ids: string[] = [];
      let before: RecordCursor | null = null;
      for (;;) {
        const page = await stores.reader.records('wf1', { before, limit, kinds });
        expect(page.length).toBeLessThanOrEqual(limit);
        ids.push(...page.map(({ id }) => id));
        const last = page.at(-1);
        if (last === undefined) return ids;
        before = { number: last.opening.number, id: last.id };
      }
    }

    it.each([1, 2, 3, 100])('comes newest first, in pages of %i, ties and all', async (limit) => {
      const stores = await bench.fresh();
      await put(stores, {
        name: 'wf1',
        records: [
          record(5, { a: outcome() }),
          record(5, { a: outcome() }, { id: '5-init', kind: 'init' }),
          record(100, { a: outcome() }),
          record(20, { a: outcome() }, { kind: 'backfill' }),
          record(9_007_199_254_740_989, { a: outcome() }, { openedAt: at('2026-01-01') }),
          record(7, { a: outcome() }, { kind: 'foreign' }),
        ],
      });
      await put(stores, { name: 'wf2', records: [record(6, { a: outcome() })] });
      expect(await pages(stores, [], limit)).toEqual(['9007199254740989', '100', '20', '7', '5-init', '5']);
      expect(await pages(stores, ['batch'], limit)).toEqual(['9007199254740989', '100', '5']);
      expect(await pages(stores, ['init', 'foreign', 'backfill'], limit)).toEqual(['20', '7', '5-init']);
    });

    it('begins behind a cursor whose record is gone', async () => {
      const stores = await bench.fresh();
      await put(stores, { name: 'wf1', records: [5, 6, 8].map((number) => record(number, { a: outcome() })) });
      const page = await stores.reader.records('wf1', { before: { number: 7, id: '7' }, limit: 10, kinds: [] });
      expect(page.map(({ id }) => id)).toEqual(['6', '5']);
    });
  });

  describe('the coverage of a job', () => {
    it('is what its successes prove, by their ends, in pages', async () => {
      const stores = await bench.fresh();
      await put(stores, {
        name: 'wf1',
        records: [
          record(9, { a: loaded('2026-01-03', '2026-01-04'), b: loaded('1776-07-04T23:59:00', '2026-01-02') }),
          record(8, { a: loaded('0001-01-01', '1800-01-01') }, { kind: 'backfill' }),
          record(7, { a: loaded('2026-01-01', '2026-01-02') }),
          record(10, { a: loaded('2026-01-02T12:00', '2026-01-04') }, { kind: 'foreign' }),
          record(11, { a: loaded('2026-01-05', '2026-01-06') }, { id: '11-init', kind: 'init' }),
          record(12, { a: outcome({ status: 'open', fromDate: at('2026-01-04'), until: at('2026-01-05') }) }),
          record(13, { a: loaded('2026-01-05', '2026-01-05') }),
          record(14, { a: loaded('2026-01-05', '9999-12-31T23:59:59.999999') }),
        ],
      });
      const all = await stores.reader.windows('wf1', 'a', { after: null, limit: 10 });
      expect(
        all.map(({ job, batchId, from, until }) => [job, batchId, formatInstant(from), formatInstant(until)]),
      ).toEqual([
        ['a', 8, '0001-01-01T00:00:00.000000', '1800-01-01T00:00:00.000000'],
        ['a', 7, '2026-01-01T00:00:00.000000', '2026-01-02T00:00:00.000000'],
        ['a', 9, '2026-01-03T00:00:00.000000', '2026-01-04T00:00:00.000000'],
        ['a', 10, '2026-01-02T12:00:00.000000', '2026-01-04T00:00:00.000000'],
        ['a', 14, '2026-01-05T00:00:00.000000', '9999-12-31T23:59:59.999999'],
      ]);
      const paged: number[] = [];
      for (let after: { until: bigint; batchId: number } | null = null; ;) {
        const [next] = await stores.reader.windows('wf1', 'a', { after, limit: 1 });
        if (next === undefined) break;
        paged.push(next.batchId);
        after = next;
      }
      expect(paged).toEqual([8, 7, 9, 10, 14]);
      const since = await stores.reader.windows('wf1', 'a', {
        after: { until: at('2026-01-04'), batchId: Number.MAX_SAFE_INTEGER },
        limit: 10,
      });
      expect(since.map(({ batchId }) => batchId)).toEqual([14]);
      expect(await stores.reader.windows('wf1', 'A', { after: null, limit: 10 })).toEqual([]);
    });

    it('loses what is taken back, and gains it again', async () => {
      const stores = await bench.fresh();
      const covered = async (): Promise<string[]> =>
        (await stores.reader.windows('wf1', 'a: b', { after: null, limit: 10 })).map(({ until }) =>
          formatInstant(until).slice(0, 10),
        );
      await put(stores, {
        name: 'wf1',
        records: [
          record(5, { 'a: b': loaded('2026-01-01', '2026-01-02') }),
          record(6, { 'a: b': loaded('2026-01-02', '2026-01-03') }),
        ],
      });
      expect(await covered()).toEqual(['2026-01-02', '2026-01-03']);
      await put(stores, {
        name: 'wf1',
        records: [record(5, { 'a: b': { ...loaded('2026-01-01', '2026-01-02'), status: 'failed' } })],
      });
      expect(await covered()).toEqual(['2026-01-03']);
      await put(stores, { name: 'wf1', records: [record(5, { 'a: b': loaded('2026-01-01', '2026-01-09') })] });
      expect(await covered()).toEqual(['2026-01-03', '2026-01-09']);
    });

    it('is not touched by the load of a configuration whose number is that of a batch', async () => {
      const stores = await bench.fresh();
      await put(stores, { name: 'wf1', records: [record(5, { a: loaded('2026-01-01', '2026-01-02') })] });
      for (const status of ['new', 'success'] as const) {
        const load = record(5, { a: outcome({ status }) }, { id: '5-init', kind: 'init' });
        await put(stores, { name: 'wf1', records: [load] });
        const windows = await stores.reader.windows('wf1', 'a', { after: null, limit: 10 });
        expect(windows.map(({ batchId }) => batchId)).toEqual([5]);
      }
    });

    it('is exact to the microsecond, and no finer', async () => {
      const stores = await bench.fresh();
      const fine = {
        ...loaded('2026-01-01T00:00:00.123456789', '2026-01-01T00:00:00.123457001'),
        batchStart: null,
        batchEnd: null,
      };
      await put(stores, {
        name: 'wf1',
        records: [record(5, { a: fine }), record(6, { a: { ...fine, until: at('2026-01-01T00:00:00.123456999') } })],
      });
      expect(await stores.reader.windows('wf1', 'a', { after: null, limit: 10 })).toEqual([
        { job: 'a', batchId: 5, from: at('2026-01-01T00:00:00.123456'), until: at('2026-01-01T00:00:00.123457') },
      ]);
    });
  });
}
