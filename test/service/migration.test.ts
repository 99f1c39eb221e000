import { systemClock } from '../../src/adapters/system/clock.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { createSqliteStores } from '../../src/adapters/sqlite/stores.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { migrateAll, type MovedItems } from '../../src/service/migration.ts';
import {
  at,
  change,
  collect,
  commit,
  document,
  entry,
  listing,
  loaded,
  operation,
  outcome,
  put,
  record,
} from '../contract/fixtures.ts';

describe('a migration', () => {
  const folders: string[] = [];
  const opened: Stores[] = [];

  afterEach(async () => {
    for (const stores of opened.splice(0)) await stores.upkeep.close();
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
  });

  async function sqlite(): Promise<Stores> {
    const folder = await mkdtemp(join(tmpdir(), 'batchy-migration-'));
    folders.push(folder);
    const stores = await createSqliteStores({ file: join(folder, 'batchy.sqlite'), clock: systemClock });
    opened.push(stores);
    return stores;
  }

  /** All that a store holds, in an order of its own. */
  async function contents(stores: Stores): Promise<unknown[]> {
    const items = await collect(stores.upkeep.exportAll());
    const key = (item: (typeof items)[number]): string =>
      JSON.stringify([
        item.kind,
        'name' in item ? item.name : '',
        'workflow' in item ? item.workflow : '',
        'id' in item ? item.id : '',
        'sequence' in item ? item.sequence : 0,
      ]);
    return items.map((item) => [key(item), item] as const).sort(([one], [other]) => (one < other ? -1 : 1));
  }

  async function filled(): Promise<Stores> {
    const stores = await createMemoryStores({ clock: systemClock });
    const answer = { status: 200, headers: { etag: '"1"' }, body: '{"rows":1.0}' };
    const head = new Map([
      ['2', '{"rows":1.0}'],
      ['ünï', '{"big":9223372036854775807}'],
    ]);
    const records = [
      record(5, { a: { outcome: loaded('2026-01-01', '2026-01-02'), copy: new Map([['rows', 1]]) }, b: outcome() }),
      record(5, { a: outcome() }, { id: '5-init', kind: 'init' }),
      record(6, { a: loaded('0001-01-01', '9999-12-31') }, { kind: 'foreign' }),
    ];
    const first = change({
      name: 'wf1',
      head,
      records,
      listing: listing({ status: 'failed', updated_at: '2026-01-02T00:00:00.000001', latest_start: '2026-01-01' }),
    });
    const facts = { operation: operation({ answer }), journal: [entry({ reason: 'because' })] };
    await stores.store.commit(commit([first], facts));
    const held = document({ id: 'a:b', text: '1\n2', add: [{ index: 'all', member: 'a b' }] });
    await stores.store.commit(commit([held], { journal: [entry({ workflow: null })] }));
    await stores.documents.reserve('things', 7);
    await put(stores, { name: 'gone', records: [record(7, { a: outcome() })] });
    await put(stores, { name: 'gone', head: null, ledger: '{"lastBatchId":7}' }, [entry({ workflow: 'gone' })]);
    return stores;
  }

  it('there and back brings everything, to the letter', async () => {
    const source = await filled();
    const between = await sqlite();
    const target = await createMemoryStores({ clock: systemClock });
    const moved = await migrateAll(source.upkeep, between.upkeep);
    expect(moved).toEqual({ workflow: 2, record: 4, journal: 3, operation: 4, document: 1, index: 1, sequence: 1 });
    expect(await migrateAll(between.upkeep, target.upkeep)).toEqual(moved);

    const before = await contents(source);
    expect(before).toHaveLength(16);
    expect(await contents(between)).toEqual(before);
    expect(await contents(target)).toEqual(before);
    const windows = await between.reader.windows('wf1', 'a', { after: null, limit: 10 });
    expect(windows).toEqual(await source.reader.windows('wf1', 'a', { after: null, limit: 10 }));
    expect(windows.map(({ until }) => until)).toEqual([at('2026-01-02'), at('9999-12-31')]);
  });

  it('tells how far it is', async () => {
    const source = await createMemoryStores({ clock: systemClock });
    await source.store.commit(commit([], { journal: Array.from({ length: 2500 }, () => entry()) }));
    const told: MovedItems[] = [];
    await migrateAll(source.upkeep, (await sqlite()).upkeep, (moved) => told.push(moved));
    expect(told.map(({ journal, operation }) => journal + operation)).toEqual([1000, 2000, 2501]);
  });

  it('into a store that holds something is refused, and changes neither', async () => {
    const source = await filled();
    const target = await sqlite();
    await put(target, { name: 'wf9' });
    const before = [await contents(source), await contents(target)];
    await expect(migrateAll(source.upkeep, target.upkeep)).rejects.toMatchObject({ code: 'foreign-data' });
    expect([await contents(source), await contents(target)]).toEqual(before);
  });
});
