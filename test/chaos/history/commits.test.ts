import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect, it, onTestFinished } from 'vitest';

import { createRedisStores } from '../../../src/adapters/redis/stores.ts';
import type { DocumentGuard, StoredDocumentChange } from '../../../src/ports/store.ts';
import { describeWithRedis, startRedis } from '../../servers/redis.ts';
import { AppendOnlyFile, readTransactions } from './append-only-file.ts';
import { commitsOf } from './commits.ts';
import type { StoredCommit } from './history.ts';

const command = (...parts: readonly string[]): string =>
  `*${parts.length}\r\n${parts.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join('')}`;

it('reads whole transactions, wherever the file is torn', () => {
  const first = command('SET', 'ä', 'a\r\nb');
  const second = command('MULTI') + command('SET', 'b', '') + command('DEL', 'b') + command('EXEC');
  const bytes = Buffer.from(first + second);
  for (let length = 0; length <= bytes.length; length += 1) {
    const { transactions, end } = readTransactions(bytes.subarray(0, length));
    const isWhole = length === bytes.length;
    const isBegun = length >= Buffer.byteLength(first);
    expect(end).toBe(isWhole ? bytes.length : isBegun ? Buffer.byteLength(first) : 0);
    expect(transactions).toEqual([
      ...(isBegun ? [[['SET', 'ä', 'a\r\nb']]] : []),
      ...(isWhole
        ? [
            [
              ['SET', 'b', ''],
              ['DEL', 'b'],
            ],
          ]
        : []),
    ]);
  }
});

it('goes on where it has stopped reading', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'batchy-written-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(path.join(folder, 'appendonlydir'));
  const file = path.join(folder, 'appendonlydir/appendonly.aof.1.incr.aof');
  const written = new AppendOnlyFile(folder);
  const more = command('SET', 'b', '2');
  writeFileSync(file, command('SET', 'a', '1') + more.slice(0, 5));
  expect(await Array.fromAsync(written.transactions())).toEqual([[['SET', 'a', '1']]]);
  writeFileSync(file, more.slice(5), { flag: 'a' });
  expect(await Array.fromAsync(written.transactions())).toEqual([[['SET', 'b', '2']]]);
});

describeWithRedis('what Redis has written down', () => {
  it('tells commits apart, and leaves out what conflicted or was taken back', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const { store, upkeep } = await createRedisStores({ url: redis.url });
    const change = (id: string, expected: number | null, text: string | null): StoredDocumentChange => {
      const add = text === null ? [] : [{ index: 'all', member: id }];
      return { kind: 'document', collection: 'thing', id, expected, text, add, remove: [] };
    };
    let operations = 0;
    const commit = async (
      changes: readonly StoredDocumentChange[],
      types: readonly ('step-changed' | 'job-edited')[],
      guards: readonly DocumentGuard[] = [],
    ) => {
      const operation = { id: `o${(operations += 1)}`, fingerprint: '', answer: null, keepSeconds: 60 };
      const journal = types.map((type) => ({
        type,
        workflow: null,
        at: 0n,
        by: 'test',
        reason: null,
        batchId: null,
        jobs: [],
      }));
      return (await store.commit({ operation, changes, guards, journal })).kind;
    };
    // Those that are asked for together travel together.
    const answers = await Promise.all([
      commit([change('a', null, 'a1'), change('b', null, 'b1')], ['step-changed', 'job-edited']),
      commit([change('c', null, 'c1')], []),
      commit([change('b', 1, 'b2')], ['job-edited']),
      commit([change('c', null, 'c1')], ['job-edited']),
      commit([change('d', null, 'd1')], ['job-edited'], [{ collection: 'thing', id: 'a', expected: 7 }]),
    ]);
    expect(answers).toEqual(['committed', 'committed', 'committed', 'conflict', 'conflict']);
    expect(await commit([change('c', 1, null)], [])).toBe('committed');
    await upkeep.close();
    const commits: StoredCommit[] = [];
    for await (const transaction of new AppendOnlyFile(redis.dir).transactions())
      commits.push(...commitsOf(transaction));
    const seen = commits.map(({ writes, entries }) => [
      ...writes.map(({ id, after }) => `${id} ${after === null ? 'gone' : `${after.revision} ${after.text}`}`),
      ...entries.map(({ sequence, entry }) => `${sequence} ${entry.type}`),
    ]);
    expect(seen).toEqual([
      ['a 1 a1', 'b 1 b1', '1 step-changed', '2 job-edited'],
      ['c 1 c1'],
      ['b 2 b2', '3 job-edited'],
      ['c gone'],
    ]);
  });
});
