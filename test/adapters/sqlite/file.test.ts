import { systemClock } from '../../../src/adapters/system/clock.ts';
import { chmod, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { createSqliteStores } from '../../../src/adapters/sqlite/stores.ts';
import { change, operation } from '../../contract/fixtures.ts';
import { countingCommit } from './counting-commit.ts';
import { countUp, expectWhole } from './counting.ts';
import { temporaryFiles } from './temporary-file.ts';

const nothing = { head: null, ledger: null };
/** Bytes of a page of SQLite, unless one says otherwise. */
const pageSize = 4096;

describe('the file of a store', () => {
  const files = temporaryFiles();

  /** Changes a file behind the store's back. */
  function tamper(file: string, sql: string): void {
    const database = new DatabaseSync(file);
    database.exec(sql);
    database.close();
  }

  it('is made, with its folders, for its owner alone', async () => {
    const file = join(await files.folder(), 'one', 'two', 'batchy.sqlite');
    await countUp(await files.open({ file }), 'wf1');
    expect((await stat(dirname(file))).mode & 0o777).toBe(0o700);
    for (const suffix of ['', '-wal', '-shm']) expect((await stat(`${file}${suffix}`)).mode & 0o777).toBe(0o600);
  });

  it('keeps what was stored when it is opened again, and folds its log in when closed', async () => {
    const file = await files.file();
    const first = await files.open({ file });
    for (let count = 1; count <= 5; count += 1) await countUp(first, 'wf1');
    await first.upkeep.close();
    await expect(stat(`${file}-wal`)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await expectWhole(await files.open({ file }), 'wf1')).toBe(5);
  });

  it('of a newer release is refused and left as it is', async () => {
    const file = await files.file();
    await (await files.open({ file })).upkeep.close();
    tamper(file, 'PRAGMA user_version = 99');
    const before = await readFile(file);
    await expect(createSqliteStores({ file, clock: systemClock })).rejects.toMatchObject({
      code: 'newer-schema',
      facts: { version: 99 },
      message: expect.stringContaining(file),
    });
    expect((await readFile(file)).equals(before)).toBe(true);
  });

  it('takes no more writes once a newer release has migrated it', async () => {
    const file = await files.file();
    const stores = await files.open({ file });
    await countUp(stores, 'wf1');
    tamper(file, 'PRAGMA user_version = 99');
    await expect(stores.upkeep.ping()).rejects.toMatchObject({ code: 'newer-schema' });
    await expect(countUp(stores, 'wf1')).rejects.toMatchObject({ code: 'newer-schema' });
    expect(await expectWhole(stores, 'wf1')).toBe(1);
  });

  it('of another program is refused and left as it is', async () => {
    const file = await files.file();
    tamper(file, 'CREATE TABLE theirs (value TEXT)');
    const before = await readFile(file);
    const refused = createSqliteStores({ file, clock: systemClock });
    await expect(refused).rejects.toMatchObject({ code: 'store-unavailable', message: expect.stringContaining(file) });
    expect((await readFile(file)).equals(before)).toBe(true);
  });

  it.each([
    ['a text', 'batchy.sqlite', async (path: string) => writeFile(path, 'name: value\n'.repeat(100))],
    ['a folder', 'batchy.sqlite', async (path: string) => mkdir(path)],
    ['below a file', 'file/batchy.sqlite', async (path: string) => writeFile(dirname(path), 'x')],
  ])('that is %s is refused by name', async (_what, path, put) => {
    const file = join(await files.folder(), path);
    await put(file);
    await expect(createSqliteStores({ file, clock: systemClock })).rejects.toMatchObject({
      code: 'store-unavailable',
      message: expect.stringContaining(file),
    });
  });

  it('that is damaged says so by name', async () => {
    const file = await files.file();
    const sound = await files.open({ file });
    for (let count = 1; count <= 20; count += 1) await countUp(sound, 'wf1');
    await sound.upkeep.close();
    const bytes = await readFile(file);
    await writeFile(file, bytes.fill(0xa5, 4096));
    const damaged = await files.open({ file });
    for (const attempt of [
      () => damaged.upkeep.ping(),
      () => damaged.reader.load('wf1'),
      () => countUp(damaged, 'wf1'),
      () => damaged.journal.bounds(),
    ]) {
      await expect(attempt()).rejects.toMatchObject({
        code: 'store-unavailable',
        message: expect.stringContaining(file),
      });
    }
  });

  it('is not ready any more once somebody has met a damaged place that no look at its ends would find', async () => {
    const file = await files.file();
    const sound = await files.open({ file });
    for (let number = 1; number <= 60; number += 1) {
      const { commit: counted } = countingCommit('wf', nothing, '');
      const head = new Map([['job1', JSON.stringify({ batch_id: number, pad: `pad ${number} `.repeat(100) })]]);
      const stored = change({ name: `wf${number}`, expected: nothing, head, ledger: '{}' });
      await sound.store.commit({ ...counted, operation: operation({ id: `one ${number}` }), changes: [stored] });
    }
    await sound.upkeep.close();
    const bytes = await readFile(file);
    const page = Math.floor(bytes.indexOf('pad 30 pad 30') / pageSize) * pageSize;
    await writeFile(file, bytes.fill(0, page, page + pageSize));
    const damaged = await files.open({ file });
    await damaged.upkeep.ping();
    expect((await damaged.reader.load('wf1')).head).not.toBeNull();
    const refusal = { code: 'store-unavailable', message: expect.stringContaining('is damaged') };
    await expect(damaged.reader.load('wf30')).rejects.toMatchObject(refusal);
    await expect(damaged.upkeep.ping()).rejects.toMatchObject(refusal);
  });

  it('takes no writes after it was moved away, where nobody would find them', async () => {
    const file = await files.file();
    const stores = await files.open({ file });
    await countUp(stores, 'wf1');
    await rename(file, `${file}.away`);
    await expect(stores.upkeep.ping()).rejects.toMatchObject({ code: 'store-unavailable' });
    await expect(countUp(stores, 'wf1')).rejects.toMatchObject({ code: 'store-unavailable' });
    await rename(`${file}.away`, file);
    await stores.upkeep.ping();
    expect(await countUp(stores, 'wf1')).toBe(2);
  });

  it('is warned of when others may read it', async () => {
    const file = await files.file();
    const { upkeep } = await files.open({ file });
    const before = await upkeep.warnings();
    await chmod(file, 0o644);
    const added = (await upkeep.warnings()).filter((warning) => !before.includes(warning));
    expect(added).toEqual([expect.stringMatching(/other users.*chmod 600/)]);
  });

  it('answers the commits that wait before it is closed, and none after', async () => {
    const file = await files.file();
    const stores = await files.open({ file });
    const waiting = ['wf1', 'wf2'].map((name) =>
      stores.store.commit(countingCommit(name, nothing, `one ${name}`).commit),
    );
    await stores.upkeep.close();
    expect((await Promise.all(waiting)).map(({ kind }) => kind)).toEqual(['committed', 'committed']);
    const late = stores.store.commit(countingCommit('wf3', nothing, 'late').commit);
    await expect(late).rejects.toMatchObject({ code: 'store-unavailable' });
    await expect(stores.reader.load('wf1')).rejects.toMatchObject({ code: 'store-unavailable' });
    await stores.upkeep.close();
  });
});
