import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { RecordWrite } from '../../../src/domain/change.ts';
import { change, commit, outcome, record } from '../../contract/fixtures.ts';
import { countingCommit } from './counting-commit.ts';
import { countUp, expectRemembered, expectWhole } from './counting.ts';
import { temporaryFiles } from './temporary-file.ts';

const nothing = { head: null, ledger: null };

describe('a lock that another process holds', () => {
  const files = temporaryFiles();

  async function lockedStores(lockPatience: number) {
    const file = await files.file();
    const stores = await files.open({ file, lockPatience });
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    return { stores, release: () => other.close() };
  }

  it('is waited for without holding up the process', async () => {
    const { stores, release } = await lockedStores(60_000);
    let settled = 0;
    const counted = [countUp(stores, 'wf1'), countUp(stores, 'wf2')].map((one) => one.finally(() => (settled += 1)));
    for (let turn = 0; turn < 50; turn += 1) await nextTurn();
    expect(settled).toBe(0);
    expect(await stores.reader.peek('wf1')).toEqual(nothing);
    release();
    expect(await Promise.all(counted)).toEqual([1, 1]);
  });

  it('ends a commit that has waited too long, and nothing of it is written then or later', async () => {
    const { stores, release } = await lockedStores(20);
    const { commit: late } = countingCommit('wf1', nothing, 'late');
    await expect(stores.store.commit(late)).rejects.toMatchObject({ code: 'store-unavailable' });
    release();
    expect(await countUp(stores, 'wf2')).toBe(1);
    expect(await expectWhole(stores, 'wf1')).toBe(0);
    await expectRemembered(stores, late, false);
    expect(await countUp(stores, 'wf1')).toBe(1);
  });

  it('ends pruning that has waited too long', async () => {
    const { stores, release } = await lockedStores(20);
    await expect(stores.upkeep.prune(0n, 10)).rejects.toMatchObject({ code: 'store-unavailable' });
    release();
    expect(await stores.upkeep.prune(0n, 10)).toBe(0);
  });
});

describe('commits of one group', () => {
  const files = temporaryFiles();

  it('are all answered when one of them fails unforeseen, which alone is told', async () => {
    const stores = await files.open({ file: await files.file() });
    const unwritable: RecordWrite = record(1.5, { a: outcome() }, { openedAt: 0n });
    const bad = commit([change({ name: 'bad', records: [record(1, { a: outcome() }), unwritable] })]);
    const names = Array.from({ length: 20 }, (_, index) => `wf${index}`);
    const good = names.map((name) => stores.store.commit(countingCommit(name, nothing, `first of ${name}`).commit));
    const refused = expect(stores.store.commit(bad)).rejects.toThrow(/cannot store REAL value in INTEGER column/);
    const later = names.map((name) => stores.store.commit(countingCommit(name, nothing, `second of ${name}`).commit));

    await refused;
    for (const { kind } of await Promise.all(good)) expect(kind).toBe('committed');
    for (const { kind } of await Promise.all(later)) expect(kind).toBe('conflict');
    for (const name of names) expect(await expectWhole(stores, name)).toBe(1);
    expect(await stores.reader.peek('bad')).toEqual(nothing);
    expect(await stores.reader.record('bad', '1')).toBeNull();
    await expectRemembered(stores, bad, false);
  });
});
