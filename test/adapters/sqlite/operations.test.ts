import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, vi } from 'vitest';
import { nanosecondsPerSecond } from '../../../src/domain/time.ts';
import { at, commit, document, entry, operation } from '../../contract/fixtures.ts';
import { temporaryFiles } from './temporary-file.ts';

describe('operations whose time is over', () => {
  const files = temporaryFiles();

  /** A store whose clock goes on by a second with each commit, and a commit that is remembered for ten. */
  async function ticking(file: string) {
    let now = at('2026-01-01');
    const stores = await files.open({ file, clock: { now: async () => now } });
    return {
      stores,
      keep: async (id?: string): Promise<void> => {
        now += nanosecondsPerSecond;
        const remembered = operation({ keepSeconds: 10, ...(id === undefined ? {} : { id }) });
        expect(await stores.store.commit(commit([], { operation: remembered }))).toMatchObject({ kind: 'committed' });
      },
    };
  }

  function countIn(file: string): unknown {
    const database = new DatabaseSync(file, { readOnly: true });
    try {
      return database.prepare('SELECT count(*) AS operations FROM operations').get()?.['operations'];
    } finally {
      database.close();
    }
  }

  it('are not remembered, and may come again', async () => {
    const { stores, keep } = await ticking(await files.file());
    await keep('again');
    expect(await stores.reader.operation('again')).toMatchObject({ id: 'again' });
    for (let second = 1; second < 10; second += 1) await keep();
    await keep('again');
    expect(await stores.reader.operation('again')).toMatchObject({ id: 'again' });
  });

  it('are repeated until then', async () => {
    const { stores, keep } = await ticking(await files.file());
    await keep('again');
    for (let second = 1; second < 10; second += 1) await keep();
    const repeated = await stores.store.commit(
      commit([document({ id: 'a' })], { operation: operation({ id: 'again' }) }),
    );
    expect(repeated).toMatchObject({ kind: 'repeated' });
    expect(await stores.documents.get([{ collection: 'things', id: 'a' }])).toEqual([null]);
  });

  it('are forgotten while others are stored, so that they do not pile up', async () => {
    const file = await files.file();
    const { keep } = await ticking(file);
    for (let second = 0; second < 500; second += 1) await keep();
    expect(countIn(file)).toBeLessThan(60);
  });

  it('are forgotten by the first commit of a process, which may be its last', async () => {
    const file = await files.file();
    const past = await ticking(file);
    for (let second = 0; second < 5; second += 1) await past.keep();
    await past.stores.upkeep.close();
    const later = await files.open({ file, clock: { now: async () => at('2026-01-02') } });
    await later.store.commit(commit([]));
    expect(countIn(file)).toBe(1);
  });
});

describe('who listens to the journal', () => {
  const files = temporaryFiles();

  it('hears of commits that told it something, and of no others', async () => {
    const stores = await files.open({ file: await files.file() });
    let heard = 0;
    stores.journal.subscribe(() => {
      heard += 1;
    });
    for (let index = 0; index < 5; index += 1) await stores.store.commit(commit([document({ id: `a${index}` })]));
    expect(heard).toBe(0);
    await stores.store.commit(commit([], { journal: [entry()] }));
    await vi.waitFor(() => expect(heard).toBe(1));
  });
});
