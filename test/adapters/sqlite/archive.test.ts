import { describe, expect, it } from 'vitest';
import type { ArchivedItem } from '../../../src/ports/upkeep.ts';
import { collect, put } from '../../contract/fixtures.ts';
import { countUp, expectWhole } from './counting.ts';
import { temporaryFiles } from './temporary-file.ts';

describe('an archive', () => {
  const files = temporaryFiles();
  const open = async () => files.open({ file: await files.file() });

  async function* stream(items: readonly ArchivedItem[], failure?: Error): AsyncIterable<ArchivedItem> {
    yield* items;
    if (failure !== undefined) throw failure;
  }

  it('shows one moment, whatever is committed while it is read', async () => {
    const stores = await open();
    for (const workflow of ['wf1', 'wf2']) await countUp(stores, workflow);
    const items: ArchivedItem[] = [];
    for await (const item of stores.upkeep.exportAll()) {
      items.push(item);
      for (const workflow of ['wf1', 'wf2', 'wf3']) await countUp(stores, workflow);
    }
    expect(items.map(({ kind }) => kind)).toEqual([
      'workflow',
      'workflow',
      'record',
      'record',
      'journal',
      'journal',
      'operation',
      'operation',
    ]);
    const copy = await open();
    await copy.upkeep.importAll(stream(items));
    for (const workflow of ['wf1', 'wf2']) expect(await expectWhole(copy, workflow)).toBe(1);
    expect(await expectWhole(stores, 'wf1')).toBe(9);
  });

  it('that is not read to its end holds nothing up', async () => {
    const stores = await open();
    await countUp(stores, 'wf1');
    let first: ArchivedItem | undefined;
    for await (const item of stores.upkeep.exportAll()) {
      first = item;
      break;
    }
    expect(first).toMatchObject({ kind: 'workflow', name: 'wf1' });
    expect(await countUp(stores, 'wf1')).toBe(2);
    expect(await collect(stores.upkeep.exportAll())).toHaveLength(7);
  });

  it('with a head that was in no list brings it, for reindexing to find', async () => {
    const target = await open();
    const unlisted: ArchivedItem = { kind: 'workflow', name: 'wf1', head: { a: '{}' }, ledger: null, listing: null };
    await target.upkeep.importAll(stream([unlisted]));
    expect((await target.reader.peek('wf1')).head).toEqual(new Map([['a', '{}']]));
    expect(await collect(target.upkeep.exportAll())).toEqual([unlisted]);
    const all = { descending: false, status: null, prefix: '', after: null, limit: 10 } as const;
    for (const sort of ['name', 'updated_at'] as const) {
      expect(await target.reader.workflows({ ...all, sort })).toEqual([]);
    }
    expect(await collect(target.upkeep.foreignKeys())).toEqual(['wf1']);

    await put(target, { name: 'wf1' });
    expect((await target.reader.workflows({ ...all, sort: 'name' })).map(({ name }) => name)).toEqual(['wf1']);
    expect(await collect(target.upkeep.foreignKeys())).toEqual([]);
  });

  it('that breaks off leaves the store empty, and a whole one can follow', async () => {
    const source = await open();
    for (let count = 0; count < 3; count += 1) await countUp(source, 'wf1');
    const items = await collect(source.upkeep.exportAll());
    const target = await open();
    await expect(target.upkeep.importAll(stream(items, new Error('line cut')))).rejects.toThrow('line cut');
    expect(await collect(target.upkeep.exportAll())).toEqual([]);
    expect(await target.upkeep.importAll(stream(items))).toBe(items.length);
    expect(await collect(target.upkeep.exportAll())).toEqual(items);
    expect(await countUp(target, 'wf1')).toBe(4);
  });

  it.each<[string, ArchivedItem]>([
    ['journal', { kind: 'journal', sequence: 1, entry: 'no JSON' }],
    ['record', { kind: 'record', workflow: 'wf1', id: '1', opening: '{}', jobs: {}, copy: null }],
    ['workflow', { kind: 'workflow', name: 'wf1', head: { a: '{}' }, ledger: null, listing: { status: 'odd' } }],
  ])('with a %s that nobody wrote is refused', async (kind, item) => {
    const target = await open();
    await expect(target.upkeep.importAll(stream([item]))).rejects.toMatchObject({
      code: 'foreign-data',
      message: expect.stringContaining(kind),
    });
    expect(await collect(target.upkeep.exportAll())).toEqual([]);
  });
});
