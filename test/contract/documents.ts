import { describe, expect, it } from 'vitest';
import type { StoredDocument } from '../../src/ports/document-reader.ts';
import type { DocumentGuard } from '../../src/ports/store.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { change, commit, document, entry, operation, put } from './fixtures.ts';
import type { Bench } from './store-contract.ts';

const wholeJournal = { workflow: null, direction: 'ascending', beyond: null, limit: 100 } as const;
const firstPage = { index: 'all', prefix: '', direction: 'ascending', beyond: null, limit: 1000 } as const;

export function itKeepsDocuments(bench: Bench): void {
  async function read(stores: Stores, ...ids: readonly string[]): Promise<(StoredDocument | null)[]> {
    return stores.documents.get(ids.map((id) => ({ collection: 'things', id })));
  }

  describe('a document', () => {
    it('is nothing until it is written, and read in the order of the keys', async () => {
      const stores = await bench.fresh();
      expect(await stores.documents.get([])).toEqual([]);
      expect(await read(stores, 'a')).toEqual([null]);
      await stores.store.commit(commit([document({ id: 'b', text: 'b' }), document({ id: 'a', text: 'a' })]));
      expect(await read(stores, 'a', 'none', 'b', 'a')).toEqual([
        { revision: 1, text: 'a' },
        null,
        { revision: 1, text: 'b' },
        { revision: 1, text: 'a' },
      ]);
      expect(await stores.documents.get([{ collection: 'others', id: 'a' }])).toEqual([null]);
    });

    it.each([
      ['', 'no text'],
      ['\n7\n\r\n', 'line breaks'],
      ['{"a":"ünï 漢字 🚀 \u2028 \ufffd \u0000"}', 'all of Unicode'],
      ['x'.repeat(1_000_000), 'a megabyte'],
    ])('is kept to the letter', async (text) => {
      const stores = await bench.fresh();
      expect(await stores.store.commit(commit([document({ id: 'a', text })]))).toMatchObject({ kind: 'committed' });
      const [found] = await read(stores, 'a');
      expect(found?.text === text).toBe(true);
    });

    it('may have any printable id', async () => {
      const stores = await bench.fresh();
      const ids = ['7', '07', 'a:b', ':', '*', '[x]?', '"\\', '__proto__', 'A', 'a', '~'.repeat(200)];
      await stores.store.commit(commit(ids.map((id) => document({ id, text: id }))));
      expect((await read(stores, ...ids)).map((found) => found?.text)).toEqual(ids);
    });

    it('goes one revision on with each change, and is another one after it was removed', async () => {
      const stores = await bench.fresh();
      for (const expected of [null, 1, 2, 3]) {
        const text = String(expected);
        await stores.store.commit(commit([document({ id: 'a', expected, text })]));
        expect(await read(stores, 'a')).toEqual([{ revision: (expected ?? 0) + 1, text }]);
      }
      await stores.store.commit(commit([document({ id: 'a', expected: 4, text: null })]));
      expect(await read(stores, 'a')).toEqual([null]);
      await stores.store.commit(commit([document({ id: 'a' })]));
      expect(await read(stores, 'a')).toEqual([{ revision: 1, text: '{}' }]);
    });

    it.each([
      ['is new, but there is one', null],
      ['was read before the last change', 1],
      ['is of a revision that is yet to come', 3],
    ])('that %s: a conflict, and nothing is written', async (_what, expected) => {
      const stores = await bench.fresh();
      await stores.store.commit(commit([document({ id: 'a', text: 'first' })]));
      await stores.store.commit(commit([document({ id: 'a', expected: 1, text: 'second' })]));
      for (const text of ['third', null]) {
        const stale = document({ id: 'a', expected, text, add: [{ index: 'all', member: 'a' }] });
        const facts = { journal: [entry()] };
        for (const changes of [
          [stale, document({ id: 'b' })],
          [document({ id: 'b' }), stale],
        ])
          expect(await stores.store.commit(commit(changes, facts))).toEqual({ kind: 'conflict' });
      }
      expect(await read(stores, 'a', 'b')).toEqual([{ revision: 2, text: 'second' }, null]);
      expect(await stores.documents.scan(firstPage)).toEqual([]);
      expect(await stores.journal.read(wholeJournal)).toEqual([]);
    });

    it('that is gone is a conflict for who has read it', async () => {
      const stores = await bench.fresh();
      expect(await stores.store.commit(commit([document({ id: 'a', expected: 1 })]))).toEqual({ kind: 'conflict' });
      expect(await read(stores, 'a')).toEqual([null]);
    });

    it('is written once, whoever races for it', async () => {
      const [one, other] = await bench.pair();
      const outcomes = await Promise.all(
        Array.from({ length: 40 }, (_, index) =>
          (index % 2 === 0 ? one : other).store.commit(commit([document({ id: 'a', text: String(index) })])),
        ),
      );
      expect(outcomes.filter(({ kind }) => kind === 'committed')).toHaveLength(1);
      const winner = String(outcomes.findIndex(({ kind }) => kind === 'committed'));
      expect(await read(other, 'a')).toEqual([{ revision: 1, text: winner }]);
    });

    it('is counted up by many at a time without losing any', async () => {
      const [one, other] = await bench.pair();
      async function count(stores: Stores): Promise<void> {
        for (;;) {
          const [found = null] = await read(stores, 'a');
          const text = String(Number(found?.text ?? 0) + 1);
          const expected = found?.revision ?? null;
          if ((await stores.store.commit(commit([document({ id: 'a', expected, text })]))).kind === 'committed') return;
        }
      }
      await Promise.all([one, other, one, other, one, other, one, other].map(count));
      expect(await read(one, 'a')).toEqual([{ revision: 8, text: '8' }]);
    });

    it('is read together with others as of one moment', async () => {
      const [one, other] = await bench.pair();
      const both = (revision: number | null) =>
        ['a', 'b'].map((id) => document({ id, expected: revision, text: String(revision) }));
      for (let revision: number | null = null; (revision ?? 0) < 50; revision = (revision ?? 0) + 1) {
        const writing = one.store.commit(commit(both(revision)));
        const found = await Promise.all([0, 1, 2, 3].map(async () => read(other, 'a', 'b')));
        for (const [a, b] of found) expect(a).toEqual(b);
        expect(await writing).toMatchObject({ kind: 'committed' });
      }
      expect(await read(other, 'a')).toEqual([{ revision: 50, text: '49' }]);
    });

    it('is one of five hundred in a commit', async () => {
      const stores = await bench.fresh();
      const ids = Array.from({ length: 500 }, (_, index) => `id-${index}`);
      const documents = (expected: number | null) =>
        ids.map((id) => document({ id, expected, text: id, add: [{ index: 'all', member: `${id} ${expected}` }] }));
      expect(await stores.store.commit(commit(documents(null)))).toMatchObject({ kind: 'committed' });
      const stale = document({ id: 'id-499', expected: 7 });
      expect(await stores.store.commit(commit([...documents(1).slice(0, 499), stale]))).toEqual({ kind: 'conflict' });
      const found = await read(stores, ...ids);
      expect(found).toEqual(ids.map((id) => ({ revision: 1, text: id })));
      expect(await stores.documents.scan(firstPage)).toHaveLength(500);
    });

    it.each([
      ['is changed twice', [document({ id: 'a' }), document({ id: 'a', expected: 1 })]],
      ['has no id', [document({ id: '' })]],
      ['has an id with a space', [document({ id: 'a b' })]],
      ['has an id that is not ASCII', [document({ id: 'ä' })]],
      ['is of no collection', [document({ id: 'a', collection: 'Big:One' })]],
      ['is indexed by what is not ASCII', [document({ id: 'a', add: [{ index: 'all', member: 'ä' }] })]],
      ['is in an index without a name', [document({ id: 'a', remove: [{ index: '', member: 'a' }] })]],
    ])('that %s in a commit is a defect, and nothing is written', async (_what, changes) => {
      const stores = await bench.fresh();
      const asked = operation();
      const facts = { operation: asked, journal: [entry()] };
      const refused = stores.store.commit(commit([change({ name: 'wf1' }), ...changes], facts));
      await expect(refused).rejects.toMatchObject({ code: 'internal' });
      expect(await stores.reader.peek('wf1')).toEqual({ head: null, ledger: null });
      expect(await read(stores, 'a')).toEqual([null]);
      expect(await stores.reader.operation(asked.id)).toBeNull();
    });
  });

  describe('a commit of documents', () => {
    it('takes effect once, however often it is sent', async () => {
      const stores = await bench.fresh();
      const sent = commit([document({ id: 'a', add: [{ index: 'all', member: 'a' }] })], { journal: [entry()] });
      expect(await stores.store.commit(sent)).toMatchObject({ kind: 'committed' });
      await stores.store.commit(commit([document({ id: 'a', expected: 1, text: 'later' })]));
      expect(await stores.store.commit(sent)).toMatchObject({ kind: 'repeated', operation: { fingerprint: 'asked' } });
      expect(await read(stores, 'a')).toEqual([{ revision: 2, text: 'later' }]);
      expect(await stores.journal.read(wholeJournal)).toHaveLength(1);
    });

    it('changes a workflow beside them, or neither', async () => {
      const stores = await bench.fresh();
      await put(stores, { name: 'wf1' });
      const expected = await stores.reader.peek('wf1');
      const workflow = change({ name: 'wf1', expected, ledger: '{"revision":2}' });
      const staleWorkflow = { ...workflow, expected: { head: null, ledger: null } };
      const fresh = document({ id: 'a' });
      const staleDocument = document({ id: 'b', expected: 1 });
      for (const changes of [
        [staleWorkflow, fresh],
        [fresh, staleWorkflow],
        [workflow, staleDocument],
        [staleDocument, workflow],
      ])
        expect(await stores.store.commit(commit(changes))).toEqual({ kind: 'conflict' });
      expect(await read(stores, 'a', 'b')).toEqual([null, null]);
      expect((await stores.reader.peek('wf1')).ledger).toBe('{"revision":1}');

      const both = commit([workflow, fresh], { journal: [entry()] });
      expect(await stores.store.commit(both)).toMatchObject({ kind: 'committed' });
      expect(await read(stores, 'a')).toEqual([{ revision: 1, text: '{}' }]);
      expect((await stores.reader.peek('wf1')).ledger).toBe('{"revision":2}');
    });

    const lease = { collection: 'leases', id: '7' };
    it.each<[string, number | null, number | null, 'committed' | 'conflict']>([
      ['at its revision', 2, 2, 'committed'],
      ['that another has taken since', 2, 1, 'conflict'],
      ['that is gone', null, 2, 'conflict'],
      ['that should be missing and is', null, null, 'committed'],
      ['that should be missing and is there', 1, null, 'conflict'],
    ])('guarded by a document %s', async (_what, revision, expected, kind) => {
      const stores = await bench.fresh();
      for (let at = 0; at < (revision ?? 0); at++)
        await stores.store.commit(commit([document({ ...lease, expected: at === 0 ? null : at })]));
      const guards: DocumentGuard[] = [{ ...lease, expected }];
      const guarded = commit([change({ name: 'wf1' }), document({ id: 'a' })], { guards, journal: [entry()] });
      expect(await stores.store.commit(guarded)).toMatchObject({ kind });
      const isThere = kind === 'committed';
      expect((await read(stores, 'a'))[0] !== null).toBe(isThere);
      expect((await stores.reader.peek('wf1')).head !== null).toBe(isThere);
      expect(await stores.journal.read(wholeJournal)).toHaveLength(isThere ? 1 : 0);
      // A guard changes nothing of what it guards.
      expect((await stores.documents.get([lease]))[0]?.revision ?? null).toBe(revision);
    });

    it('may guard what it changes, and guard only', async () => {
      const stores = await bench.fresh();
      await stores.store.commit(commit([document(lease)]));
      const guards: DocumentGuard[] = [{ ...lease, expected: 1 }];
      expect(await stores.store.commit(commit([], { guards }))).toMatchObject({ kind: 'committed' });
      const taken = commit([document({ ...lease, expected: 1 })], { guards });
      expect(await stores.store.commit(taken)).toMatchObject({ kind: 'committed' });
      expect(await stores.store.commit(commit([], { guards }))).toEqual({ kind: 'conflict' });
    });

    it('journals what belongs to no workflow, in the whole journal alone', async () => {
      const stores = await bench.fresh();
      const execution = { id: 7, jobName: 'Load', stepName: 'One', before: null, after: 'STARTED' } as const;
      const free = entry({ type: 'step-changed', workflow: null, batchId: null, execution });
      const bound = entry({
        type: 'execution-changed',
        execution: { ...execution, stepName: null, before: 'STARTED' },
      });
      await stores.store.commit(commit([document({ id: 'a' })], { journal: [free, bound] }));
      const found = await stores.journal.read(wholeJournal);
      expect(found.map((line) => line.entry)).toEqual([free, bound]);
      const ofWorkflow = await stores.journal.read({ ...wholeJournal, workflow: 'wf1' });
      expect(ofWorkflow.map((line) => line.entry)).toEqual([bound]);
      expect(await stores.upkeep.prune(free.at + 1n, 100)).toBeGreaterThanOrEqual(2);
      expect(await stores.journal.read(wholeJournal)).toEqual([]);
    });
  });
}
