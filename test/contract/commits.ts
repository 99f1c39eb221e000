import { describe, expect, it } from 'vitest';
import type { StoredAnswer } from '../../src/ports/store.ts';
import { at, change, commit, entry, loaded, operation, put, record } from './fixtures.ts';
import type { Bench } from './store-contract.ts';

const answer: StoredAnswer = {
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: '{"job1":{"rows":1.0}}',
};
const journalOf = { workflow: null, direction: 'ascending', beyond: null, limit: 100 } as const;

export function itCommits(bench: Bench): void {
  describe('a commit', () => {
    it('is read back verbatim, whatever the names and texts', async () => {
      const { store, reader } = await bench.fresh();
      const head = new Map([
        ['job1', '{"rows":1.0,"big":9223372036854775807, "spaced" :  [ ] ,"empty":{}}'],
        ['name: with "quotes", spaces & colons', '{"a":"\\u0000\\ud800"}'],
        ['ümläut 漢字 🚀', '{"text":"ünï 🚀 \u2028 \ufffd"}'],
        ['__proto__', '{"__proto__":{"polluted":true}}'],
        ['constructor', '{}'],
        ['7', '{"n":-0.0}'],
        ['huge', `{"text":"${'x'.repeat(1_500_000)}"}`],
      ]);
      expect(await store.commit(commit([change({ name: 'wf1', head, ledger: '{"a":[]}' })]))).toEqual({
        kind: 'committed',
        sequences: [],
      });
      for (const stored of [await reader.load('wf1'), await reader.peek('wf1')]) {
        expect(stored.head?.size).toBe(head.size);
        for (const [job, text] of head) expect(stored.head?.get(job) === text, job).toBe(true);
        expect(stored.ledger).toBe('{"a":[]}');
      }
    });

    it('reads a workflow that was never there as nothing', async () => {
      const { reader } = await bench.fresh();
      expect(await reader.peek('wf1')).toEqual({ head: null, ledger: null });
      expect(await reader.record('wf1', '5')).toBeNull();
      expect(await reader.copy('wf1', '5')).toBeNull();
      expect(await reader.operation('none')).toBeNull();
    });

    it('takes the clock that it was given', async () => {
      const now = at('2026-11-21T21:53:34.254951');
      const { reader, clock } = await bench.fresh({ clock: { now: () => Promise.resolve(now) } });
      expect(await clock.now()).toBe(now);
      expect((await reader.load('wf1')).now).toBe(now);
    });

    it('reads its own clock when it was given none', async () => {
      const { reader, clock } = await bench.fresh();
      const first = await clock.now();
      const { now } = await reader.load('wf1');
      expect(now >= first && first > at('2020-01-01')).toBe(true);
    });

    it('replaces head and ledger: jobs come, change and go', async () => {
      const stores = await bench.fresh();
      await put(stores, {
        name: 'wf1',
        head: new Map([
          ['a', '{"v":1}'],
          ['b', '{"v":1}'],
          ['c', '{"v":1}'],
        ]),
      });
      await put(stores, {
        name: 'wf1',
        head: new Map([
          ['c', '{"v":2}'],
          ['a', '{"v":1}'],
          ['d', '{"v":1}'],
        ]),
        ledger: '{"revision":2}',
      });
      const { head, ledger } = await stores.reader.peek('wf1');
      expect(Object.fromEntries(head ?? [])).toEqual({ a: '{"v":1}', c: '{"v":2}', d: '{"v":1}' });
      expect(ledger).toBe('{"revision":2}');
    });

    it('that removes the head leaves the ledger, and the name can come back', async () => {
      const stores = await bench.fresh();
      await put(stores, { name: 'wf1' });
      await put(stores, { name: 'wf1', head: null, ledger: '{"lastBatchId":7}' });
      expect(await stores.reader.peek('wf1')).toEqual({ head: null, ledger: '{"lastBatchId":7}' });
      await put(stores, { name: 'wf1', head: new Map([['again', '{}']]) });
      expect((await stores.reader.peek('wf1')).head).toEqual(new Map([['again', '{}']]));
    });

    it('may carry nothing but an operation and its answer', async () => {
      const { store, reader } = await bench.fresh();
      const asked = operation({ answer });
      expect(await store.commit(commit([], { operation: asked }))).toEqual({ kind: 'committed', sequences: [] });
      expect(await reader.operation(asked.id)).toEqual({ id: asked.id, fingerprint: 'asked', answer });
    });
  });

  describe('a commit whose reading is stale', () => {
    const stored = {
      head: new Map([
        ['a', '{"v":1}'],
        ['b', '{}'],
      ]),
      ledger: '{"revision":1}',
    };

    it.each([
      [
        'a changed text',
        {
          ...stored,
          head: new Map([
            ['a', '{"v":2}'],
            ['b', '{}'],
          ]),
        },
      ],
      [
        'a text that only looks alike',
        {
          ...stored,
          head: new Map([
            ['a', '{"v": 1}'],
            ['b', '{}'],
          ]),
        },
      ],
      ['one job less', { ...stored, head: new Map([['a', '{"v":1}']]) }],
      ['one job more', { ...stored, head: new Map([...stored.head, ['c', '{}']]) }],
      [
        'another name',
        {
          ...stored,
          head: new Map([
            ['a', '{"v":1}'],
            ['B', '{}'],
          ]),
        },
      ],
      ['no head', { ...stored, head: null }],
      ['another ledger', { ...stored, ledger: '{"revision":0}' }],
      ['no ledger', { ...stored, ledger: null }],
      ['an empty ledger', { ...stored, ledger: '' }],
      ['nothing at all', { head: null, ledger: null }],
    ])('conflicts: it expected %s', async (_what, expected) => {
      const stores = await bench.fresh();
      await put(stores, { name: 'wf1', ...stored });
      const before = await stores.reader.peek('wf1');
      const late = commit(
        [change({ name: 'wf1', expected, records: [record(5, { a: loaded('2026-01-01', '2026-01-02') })] })],
        { journal: [entry()] },
      );
      expect(await stores.store.commit(late)).toEqual({ kind: 'conflict' });
      expect(await stores.reader.peek('wf1')).toEqual(before);
      expect(await stores.reader.record('wf1', '5')).toBeNull();
      expect(await stores.reader.windows('wf1', 'a', { after: null, limit: 10 })).toEqual([]);
      expect(await stores.reader.operation(late.operation.id)).toBeNull();
      expect(await stores.journal.read(journalOf)).toEqual([]);
    });

    it.each([
      ['a head', { head: new Map([['a', '{}']]), ledger: null }],
      ['a ledger', { head: null, ledger: '{}' }],
    ])('conflicts: it expected %s where nothing is', async (_what, expected) => {
      const { store, reader } = await bench.fresh();
      expect(await store.commit(commit([change({ name: 'wf1', expected })]))).toEqual({ kind: 'conflict' });
      expect(await reader.peek('wf1')).toEqual({ head: null, ledger: null });
    });

    it('expects the same jobs in whatever order', async () => {
      const stores = await bench.fresh();
      await put(stores, { name: 'wf1', ...stored });
      const expected = { ...stored, head: new Map([...stored.head].toReversed()) };
      expect(await stores.store.commit(commit([change({ name: 'wf1', expected })]))).toMatchObject({
        kind: 'committed',
      });
    });

    it('changes nothing of any workflow when one of several conflicts', async () => {
      const stores = await bench.fresh();
      await put(stores, { name: 'wf2' });
      const both = commit(
        [
          change({ name: 'wf1', records: [record(5, { job1: loaded('2026-01-01', '2026-01-02') })] }),
          change({ name: 'wf2' }),
          change({ name: 'wf3' }),
        ],
        {
          journal: [entry(), entry({ workflow: 'wf2' })],
        },
      );
      expect(await stores.store.commit(both)).toEqual({ kind: 'conflict' });
      for (const name of ['wf1', 'wf3']) expect(await stores.reader.peek(name)).toEqual({ head: null, ledger: null });
      expect(await stores.reader.record('wf1', '5')).toBeNull();
      expect(await stores.journal.read(journalOf)).toEqual([]);
      const names = await stores.reader.workflows({
        sort: 'name',
        descending: false,
        status: null,
        prefix: '',
        after: null,
        limit: 10,
      });
      expect(names.map(({ name }) => name)).toEqual(['wf2']);
    });

    it('changes all of several workflows when none conflicts', async () => {
      const { store, reader, journal } = await bench.fresh();
      const both = commit([change({ name: 'wf1' }), change({ name: 'wf2', head: new Map([['other', '{}']]) })], {
        journal: [entry(), entry({ workflow: 'wf2' })],
      });
      expect(await store.commit(both)).toMatchObject({
        kind: 'committed',
        sequences: [expect.any(Number), expect.any(Number)],
      });
      expect((await reader.peek('wf1')).head?.size).toBe(1);
      expect((await reader.peek('wf2')).head).toEqual(new Map([['other', '{}']]));
      expect((await journal.read(journalOf)).map((one) => one.entry.workflow)).toEqual(['wf1', 'wf2']);
    });

    it('wins once among a hundred that race', async () => {
      const [one, other] = await bench.pair();
      const racing = Array.from({ length: 100 }, (_, index) => {
        const contender = commit([change({ name: 'wf1', ledger: `{"winner":${index}}` })], {
          journal: [entry({ batchId: index })],
        });
        return (index % 2 === 0 ? one : other).store.commit(contender);
      });
      const outcomes = await Promise.all(racing);
      const winners = outcomes.flatMap(({ kind }, index) => (kind === 'committed' ? [index] : []));
      expect(winners).toHaveLength(1);
      expect(outcomes.filter(({ kind }) => kind === 'conflict')).toHaveLength(99);
      expect((await one.reader.peek('wf1')).ledger).toBe(`{"winner":${winners[0]}}`);
      expect((await one.journal.read(journalOf)).map((line) => line.entry.batchId)).toEqual(winners);
    });
  });

  describe('an operation that comes again', () => {
    it('has no second effect and is given what was stored first', async () => {
      const { store, reader, journal } = await bench.fresh();
      const asked = operation({ answer });
      const first = commit([change({ name: 'wf1' })], { operation: asked, journal: [entry()] });
      expect(await store.commit(first)).toMatchObject({ kind: 'committed' });
      const again = { ...first, operation: { ...asked, fingerprint: 'another', answer: { ...answer, status: 201 } } };
      const repeated = { kind: 'repeated', operation: { id: asked.id, fingerprint: 'asked', answer } };
      expect(await store.commit(first)).toEqual(repeated);
      expect(await store.commit(again)).toEqual(repeated);
      expect(await journal.read(journalOf)).toHaveLength(1);
      expect((await reader.peek('wf1')).ledger).toBe('{"revision":1}');
    });

    it('is recognised before the reading is compared', async () => {
      const stores = await bench.fresh();
      const first = commit([change({ name: 'wf1' })], { operation: operation({ answer: null }) });
      await stores.store.commit(first);
      await put(stores, { name: 'wf1', head: new Map([['job1', '{"rows":2}']]), ledger: '{"revision":2}' });
      expect(await stores.store.commit(first)).toMatchObject({ kind: 'repeated', operation: { answer: null } });
      expect((await stores.reader.peek('wf1')).ledger).toBe('{"revision":2}');
    });

    it('wins once, however many are sent at once', async () => {
      const [one, other] = await bench.pair();
      const asked = operation({ answer });
      const same = commit([change({ name: 'wf1' })], { operation: asked, journal: [entry()] });
      const outcomes = await Promise.all(
        Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? one : other).store.commit(same)),
      );
      expect(outcomes.filter(({ kind }) => kind === 'committed')).toHaveLength(1);
      const repeats = outcomes.filter(({ kind }) => kind === 'repeated');
      expect(repeats).toHaveLength(39);
      for (const repeat of repeats)
        expect(repeat).toEqual({ kind: 'repeated', operation: { id: asked.id, fingerprint: 'asked', answer } });
      expect(await one.journal.read(journalOf)).toHaveLength(1);
    });

    it('is not used up by a conflict', async () => {
      const stores = await bench.fresh();
      const asked = operation();
      expect(
        await stores.store.commit(
          commit([change({ name: 'wf1', expected: { head: null, ledger: '{}' } })], { operation: asked }),
        ),
      ).toEqual({ kind: 'conflict' });
      expect(await stores.store.commit(commit([change({ name: 'wf1' })], { operation: asked }))).toMatchObject({
        kind: 'committed',
      });
    });
  });
}
